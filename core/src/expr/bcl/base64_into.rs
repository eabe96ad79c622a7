//! Base64 into room that is given, as .NET's `Convert.TryFromBase64Chars` reads it: what is read before a mistake is written all the
//! same. Writes to no array itself.

/// What was written, and whether that is all that the text says.
pub(super) struct Decoded {
    pub(super) written: Vec<u8>,
    pub(super) is_whole: bool,
}

/// Characters that stand for three bytes.
const GROUP: usize = 4;
const PAD: u16 = b'=' as u16;

/// Reads the text into so many bytes.
pub(super) fn decode(text: &str, room: usize) -> Decoded {
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut rest = units.as_slice();
    let mut written = Vec::new();
    while !rest.is_empty() {
        let run = run(rest, room - written.len());
        written.extend(&run.bytes);
        if run.is_whole {
            return Decoded { written, is_whole: true };
        }
        rest = rest.get(run.read..).unwrap_or_default();
        if rest.first().is_some_and(is_space) {
            rest = behind_spaces(rest);
            // The groups have ended with a padded one.
            if !run.bytes.len().is_multiple_of(3) && !rest.is_empty() {
                return Decoded { written, is_whole: false };
            }
            continue;
        }
        // A group with spaces in it.
        let group: Vec<u16> = rest.iter().filter(|unit| !is_space(unit)).take(GROUP).copied().collect();
        let read = rest.iter().scan(0, |seen, unit| {
            let is_enough = *seen == GROUP;
            *seen += usize::from(!is_space(unit));
            (!is_enough).then_some(())
        });
        let read = read.count();
        let run = self::run(&group, room - written.len());
        written.extend(&run.bytes);
        if !group.len().is_multiple_of(GROUP) || !run.is_whole {
            return Decoded { written, is_whole: false };
        }
        rest = rest.get(read..).unwrap_or_default();
        if !run.bytes.len().is_multiple_of(3) {
            return Decoded { written, is_whole: behind_spaces(rest).is_empty() };
        }
    }
    Decoded { written, is_whole: true }
}

/// Groups without a space between them.
struct Run {
    read: usize,
    bytes: Vec<u8>,
    /// Whether that was everything.
    is_whole: bool,
}

// As many groups as there are and have room; only the last may be padded.
fn run(units: &[u16], room: usize) -> Run {
    let mut bytes = Vec::new();
    let groups = units.len() / GROUP;
    let plain = if room >= groups * 3 { groups.saturating_sub(1) } else { room / 3 };
    let mut read = 0;
    for group in units.chunks_exact(GROUP).take(plain) {
        let Some(three) = three(group) else { return Run { read, bytes, is_whole: false } };
        bytes.extend(three);
        read += GROUP;
    }
    let last = units.get(read..read + GROUP).filter(|_| plain + 1 == groups).and_then(padded);
    match last.filter(|last| bytes.len() + last.len() <= room) {
        Some(last) => {
            bytes.extend(last);
            Run { read: read + GROUP, bytes, is_whole: units.len() == groups * GROUP }
        }
        None => Run { read, bytes, is_whole: units.is_empty() },
    }
}

fn three(group: &[u16]) -> Option<[u8; 3]> {
    let number = group.iter().try_fold(0_u32, |number, unit| Some(number << 6 | digit(*unit)?))?;
    let [_, a, b, c] = number.to_be_bytes();
    Some([a, b, c])
}

// One, two or three bytes: padding takes the place of what is missing.
fn padded(group: &[u16]) -> Option<Vec<u8>> {
    const ZERO: u16 = b'A' as u16;
    let [a, b, c, d] = *group else { return None };
    let (group, count) = match (c, d) {
        (PAD, PAD) => ([a, b, ZERO, ZERO], 1),
        (c, PAD) => ([a, b, c, ZERO], 2),
        (c, d) => ([a, b, c, d], 3),
    };
    three(&group)?.get(..count).map(<[u8]>::to_vec)
}

fn digit(unit: u16) -> Option<u32> {
    let digit = match u8::try_from(unit).ok()? {
        byte @ b'A'..=b'Z' => byte - b'A',
        byte @ b'a'..=b'z' => byte - b'a' + 26,
        byte @ b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(digit))
}

const fn is_space(unit: &u16) -> bool {
    matches!(*unit, 0x20 | 0x09 | 0x0d | 0x0a)
}

fn behind_spaces(units: &[u16]) -> &[u16] {
    let from = units.iter().position(|unit| !is_space(unit)).unwrap_or(units.len());
    units.get(from..).unwrap_or_default()
}

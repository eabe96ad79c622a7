//! `validate-odata-request`: versions, size, and the conventions of URLs (OData 4.01, part 2). Knows no service's metadata.

use std::sync::Arc;

use crate::expr::Message;
use crate::http::percent::{decode, decode_form};
use crate::http::{HeaderMap, Query};
use crate::policy::content::content_of;
use crate::policy::reader::Reader;
use crate::policy::run::{BODY_BYTES_MAX, Ran, Run};
use crate::policy::schema::shortened;
use crate::policy::shape::{Content, Shape, attribute};
use crate::policy::validate::{Action, Finding, conclude};
use crate::policy::{Built, Policy};

/// `validate-odata-request`
pub static VALIDATE_ODATA_REQUEST: Shape = Shape {
    attributes: &[
        attribute("error-variable-name").literal(),
        attribute("default-odata-version").literal(),
        attribute("min-odata-version").literal(),
        attribute("max-odata-version").literal(),
        attribute("max-size").literal(),
    ],
    content: Content::Empty,
};

/// The system query options (OData 4.01, part 2, §5.1), each also without its `$`.
const OPTIONS: [&str; 17] = [
    "apply",
    "compute",
    "count",
    "deltatoken",
    "expand",
    "filter",
    "format",
    "id",
    "index",
    "levels",
    "orderby",
    "schemaversion",
    "search",
    "select",
    "skip",
    "skiptoken",
    "top",
];

/// An OData version, as in `4.01`: its parts compare as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32);

/// Judges an OData request.
#[derive(Clone, Debug)]
pub(super) struct ValidateOdataRequest {
    variable: Option<Arc<str>>,
    assumed: Version,
    least: Option<Version>,
    most: Option<Version>,
    size_max: Option<i64>,
}

/// Compiles `validate-odata-request`.
pub fn build_validate_odata_request(reader: &mut Reader<'_, '_, '_>) -> Option<Built> {
    let mut version = |name: &str| {
        let text = reader.literal(name)?;
        let version = Version::parse(&text);
        if version.is_none() {
            reader.error(name, format!("`{text}` is not a version, as in `4.0`"));
        }
        version
    };
    let assumed = version("default-odata-version").unwrap_or(Version(4, 0));
    let (least, most) = (version("min-odata-version"), version("max-odata-version"));
    if least.zip(most).is_some_and(|(least, most)| least > most) {
        reader.error("min-odata-version", "the least version is above the most");
    }
    let size_max = reader.constant::<i64>("max-size");
    let largest = i64::try_from(BODY_BYTES_MAX).unwrap_or(i64::MAX);
    if size_max.is_some_and(|size| !(0..=largest).contains(&size)) {
        reader.error("max-size", format!("expected a number of bytes from 0 to {largest}"));
    }
    let variable = reader.literal("error-variable-name").filter(|name| !name.is_empty());
    Some(Arc::new(ValidateOdataRequest { variable, assumed, least, most, size_max }))
}

impl Policy for ValidateOdataRequest {
    fn run(&self, run: &mut Run<'_>) -> Ran {
        let mut found = Vec::new();
        if let Some(size_max) = self.size_max {
            let size = content_of(run, Message::Request)?.map_or(0, |content| content.len());
            if usize::try_from(size_max).is_ok_and(|size_max| size > size_max) {
                found.push(wrong(
                    "",
                    "SizeLimit",
                    format!("Request's body is {size} bytes long and it exceeds the limit of {size_max} bytes."),
                ));
            }
        }
        self.versions(&run.context.request.headers, &mut found);
        let url = &run.context.request.original_url;
        let path = decode(url.path.get(run.site.prefix_bytes..).unwrap_or(""));
        if let Err(why) = balanced(&path) {
            found.push(wrong("", "Path", format!("The path is not one of OData: {why}.")));
        }
        options(Query::new(url.query.as_deref()), &mut found);
        conclude(run, Message::Request, self.variable.as_ref(), found)
    }
}

fn wrong(name: &str, rule: &'static str, details: String) -> Finding {
    Finding::told(name, "ODataRequest", rule, details, Action::Prevent)
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 4 && !text.starts_with('+'));
        // `4.01` comes after `4.0`.
        Some(Self(number(major)?, number(minor)?))
    }
}

impl ValidateOdataRequest {
    fn versions(&self, headers: &HeaderMap, found: &mut Vec<Finding>) {
        let field = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
        let written = field("odata-version");
        let version = match &written {
            Some(text) => Version::parse(text),
            None => Some(self.assumed),
        };
        let shown = shortened(written.as_deref().unwrap_or(""));
        match version {
            None => found.push(wrong("OData-Version", "Version", format!("`{shown}` is not an OData version."))),
            Some(version) => {
                let is_outside =
                    self.least.is_some_and(|least| version < least) || self.most.is_some_and(|most| version > most);
                if is_outside {
                    let shown = if written.is_some() { shown } else { format!("{}.{}", version.0, version.1) };
                    let details = format!("OData version {shown} is not allowed.");
                    found.push(wrong("OData-Version", "Version", details));
                }
            }
        }
        if let Some(text) = field("odata-maxversion").filter(|text| Version::parse(text).is_none()) {
            let details = format!("`{}` is not an OData version.", shortened(&text));
            found.push(wrong("OData-MaxVersion", "Version", details));
        }
    }
}

fn options(query: Query<'_>, found: &mut Vec<Finding>) {
    let mut seen: Vec<String> = Vec::new();
    for pair in query.pairs() {
        let name = decode_form(pair.name);
        let Some(option) = name.strip_prefix('$').map(str::to_ascii_lowercase) else { continue };
        let say =
            |details: &str| wrong(&name, "QueryOption", format!("The query option {}{details}.", shortened(&name)));
        if !OPTIONS.contains(&option.as_str()) {
            found.push(say(" is not one of OData"));
            continue;
        }
        if seen.contains(&option) {
            found.push(say(" is there twice"));
            continue;
        }
        let value = pair.decoded_value();
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match option.as_str() {
            "top" | "skip" if !is_number => found.push(say(" is not a number")),
            "count" if *value != *"true" && *value != *"false" => found.push(say(" is neither `true` nor `false`")),
            "filter" | "orderby" | "select" | "expand" | "compute" | "apply" | "search" => {
                let why = if value.trim().is_empty() { Err("it is empty".to_owned()) } else { balanced(&value) };
                if let Err(why) = why {
                    found.push(say(&format!(" cannot be read: {why}")));
                }
            }
            _ => {}
        }
        seen.push(option);
    }
}

// Quotes end, a quote inside is doubled; parentheses end in their order.
fn balanced(text: &str) -> Result<(), String> {
    let (mut open, mut is_quoted) = (0_usize, false);
    for c in text.chars() {
        match c {
            // A doubled quote ends the text and begins it again.
            '\'' => is_quoted = !is_quoted,
            '(' if !is_quoted => open += 1,
            ')' if !is_quoted => open = open.checked_sub(1).ok_or("a parenthesis is closed that was not opened")?,
            _ => {}
        }
    }
    match (is_quoted, open) {
        (true, _) => Err("a quote is not ended".to_owned()),
        (false, 0) => Ok(()),
        (false, _) => Err("a parenthesis is not closed".to_owned()),
    }
}

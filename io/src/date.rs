//! The text of the `Date` field, formatted once per second and worker. Reads no clock: the moment is an argument.

use std::cell::RefCell;

use holdfast_core::time::WallTime;
use http::HeaderValue;

/// The last text and the second that it is of.
#[derive(Debug, Default)]
pub(crate) struct DateCache(RefCell<Option<(i64, HeaderValue)>>);

impl DateCache {
    /// `wall` as the value of a `Date` field.
    pub(crate) fn at(&self, wall: WallTime) -> HeaderValue {
        let second = wall.unix_seconds();
        if let Some((of, text)) = &*self.0.borrow()
            && *of == second
        {
            return text.clone();
        }
        let text = HeaderValue::try_from(wall.http_date())
            .unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"));
        *self.0.borrow_mut() = Some((second, text.clone()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_per_second() {
        let cache = DateCache::default();
        let moment = WallTime::from_unix_seconds(784_111_777);
        assert_eq!(cache.at(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            cache.at(moment.saturating_add(std::time::Duration::from_millis(999))),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        assert_eq!(cache.at(moment.saturating_add(std::time::Duration::from_secs(1))), "Sun, 06 Nov 1994 08:49:38 GMT");
        assert_eq!(cache.at(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}

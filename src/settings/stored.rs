//! Settings as they are stored with a crawl, also by versions that named some of them otherwise.
//!
//! While a crawl runs, its settings are stored as patches: members that changed replace those of
//! the same name. A database that an earlier version wrote and this one resumed can therefore hold
//! a setting under both of its names. The newer name wins, for it was written later.

use serde_json::{Map, Value};

use crate::settings::crawl::Settings;

/// Settings that were renamed: the object that they stand in (`""` is the outermost), the name of
/// earlier versions, and the name now. Each has a `serde` alias as well.
const RENAMED: [(&str, &str, &str); 13] = [
    ("", "repeats", "duplicate_seeds"),
    ("", "give_up", "host_give_up_after"),
    ("", "nofollow", "respect_nofollow"),
    ("", "pruned", "live_exclusions"),
    ("", "reviving", "restoring"),
    ("", "resting", "cooling_down"),
    ("", "again", "recrawl_of"),
    ("", "identity_names", "credential_names"),
    ("breaker", "least", "min_requests"),
    ("breaker", "rest", "cooldown"),
    ("breaker", "longest_rest", "max_cooldown"),
    ("breaker", "forgive", "reset_after"),
    ("fetch", "max_ratio", "max_decompression_ratio"),
];

impl Settings {
    /// Reads settings from the JSON that is stored with a crawl, by this version or an earlier one.
    ///
    /// # Errors
    /// When the text is not a JSON object, or a member has another type.
    pub fn from_stored(text: &str) -> Result<Self, serde_json::Error> {
        // Aliases do for a text with one name per setting, without a copy of a long list of seeds. A
        // list is refused below: it would be read as the settings in their order, `[]` as defaults.
        if text.trim_start().starts_with('{')
            && let Ok(settings) = serde_json::from_str(text)
        {
            return Ok(settings);
        }
        let mut members: Map<String, Value> = serde_json::from_str(text)?;
        for (object, old, new) in RENAMED {
            let object = match object {
                "" => Some(&mut members),
                name => members.get_mut(name).and_then(Value::as_object_mut),
            };
            if let Some(object) = object
                && object.contains_key(new)
            {
                object.remove(old);
            }
        }
        serde_json::from_value(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use serde_json::json;

    /// A value of every renamed setting that is not its default, as an earlier version stores it.
    fn old_names() -> Value {
        let time = |secs: u64| json!({"secs": secs, "nanos": 0});
        json!({
            "seeds": ["http://a/"],
            "repeats": true,
            "give_up": time(77),
            "nofollow": {"pages": true, "links": true},
            "pruned": ["/x/"],
            "reviving": ["excluded: /y/"],
            "resting": {"a:80": 1_700_000_000_000_i64},
            "again": 4,
            "identity_names": ["header X-Key"],
            "breaker": {
                "window": 30, "least": 9, "ratio": 0.25, "rest": time(7), "longest_rest": time(8),
                "forgive": time(9),
            },
            "fetch": {"max_ratio": 55},
        })
    }

    fn at<'a>(value: &'a mut Value, object: &str) -> &'a mut Map<String, Value> {
        let value = if object.is_empty() { value } else { &mut value[object] };
        value.as_object_mut().unwrap()
    }

    #[test]
    fn every_old_name_is_read() {
        let settings = Settings::from_stored(&old_names().to_string()).unwrap();
        let mut now = serde_json::to_value(&settings).unwrap();
        let mut old = old_names();
        for (object, before, after) in RENAMED {
            let read = at(&mut now, object).remove(after).unwrap();
            assert_eq!(read, at(&mut old, object).remove(before).unwrap(), "{before}");
            assert!(!at(&mut now, object).contains_key(before), "{before}");
            let mut defaults = serde_json::to_value(Settings::default()).unwrap();
            assert_ne!(Some(&read), at(&mut defaults, object).get(after), "{before}");
        }
    }

    #[test]
    fn of_both_names_the_new_one_wins() {
        let mut stored = old_names();
        let mut wanted = serde_json::to_value(Settings::default()).unwrap();
        wanted["seeds"] = stored["seeds"].clone();
        for (object, _, new) in RENAMED {
            let value = at(&mut wanted, object)[new].clone();
            at(&mut stored, object).insert(new.to_owned(), value);
        }
        (wanted["breaker"]["window"], wanted["breaker"]["ratio"]) = (json!(30), json!(0.25));
        let settings = Settings::from_stored(&stored.to_string()).unwrap();
        assert_eq!(serde_json::to_value(settings).unwrap(), wanted);
    }

    #[test]
    fn what_is_no_settings_is_refused() {
        for text in ["", "[]", "no JSON", r#"{"permits": "many"}"#, r#"{"pruned": 3}"#] {
            assert!(Settings::from_stored(text).is_err(), "{text}");
        }
    }
}

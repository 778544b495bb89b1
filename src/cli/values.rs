//! Values of options: how each kind is read, and the error message for a wrong one.
//!
//! It knows no option by name. No message repeats what may be secret.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use regex::Regex;
use url::Url;

use crate::crawl::protocol::scene::Scene;
use crate::settings::USER_AGENT;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::{Dial, Setting};
use crate::settings::faults::{Fault, FaultSetting};
use crate::settings::key_settings::KeyChoice;

pub use crate::web::url::parse_seed as seed;

/// An optional value as given: `Clearable(None)` is `off`, or the empty text where `off` could be a
/// value. It removes the value of a weaker source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clearable<T>(pub Option<T>);

/// A value that is never shown, not even by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Maximum factor: the lab delays a response by a maximum of one minute.
const MAX_FACTOR: f64 = 10.0;

/// Maximum duration: a clock cannot represent the end of a much longer one.
const MAX_DURATION: Duration = Duration::from_hours(366 * 24);

/// Whether `text` means no limit.
fn is_off(text: &str) -> bool {
    matches!(text, "off" | "none")
}

pub(super) fn dial(
    dial: Dial,
) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync + 'static {
    move |text| match Setting::parse(dial, text)? {
        Setting::Permits(v)
        | Setting::Workers(v)
        | Setting::Queue(v)
        | Setting::ParseThreads(v) => Ok(v),
        Setting::Rate(_) => Err(format!("{dial} takes a whole number")),
    }
}

/// The level of a fault, or `off`.
pub(super) fn level(
    fault: Fault,
) -> impl Fn(&str) -> Result<FaultSetting, String> + Clone + Send + Sync + 'static {
    move |text| Ok(FaultSetting { fault, level: fault.parse_level(text)? })
}

/// A scene by its name; its help says what to watch.
pub(super) fn scene() -> impl TypedValueParser<Value = Scene> {
    let values = Scene::ALL.map(|scene| PossibleValue::new(scene.name()).help(scene.watch()));
    PossibleValuesParser::new(values).try_map(|name| Scene::from_name(&name).ok_or("no such scene"))
}

pub(super) fn rate(text: &str) -> Result<Clearable<f64>, String> {
    match Setting::parse(Dial::Rate, text)? {
        Setting::Rate(rate) => Ok(Clearable(rate)),
        other => Err(format!("not a rate: {other}")),
    }
}

/// What the autopilot aims at. As a switch it takes true and false as well.
pub(super) fn autopilot(text: &str) -> Result<Clearable<AutopilotMode>, String> {
    match switch(text) {
        _ if is_nothing(text) => Ok(Clearable(None)),
        Ok(is_on) => Ok(Clearable(is_on.then(AutopilotMode::default))),
        Err(_) => text.parse().map(|mode| Clearable(Some(mode))),
    }
}

/// Whether `text` removes an optional value.
pub(super) fn is_nothing(text: &str) -> bool {
    text.trim().is_empty() || is_off(text)
}

/// A value for `parse`; the empty text, `off` and `none` remove it.
pub(super) fn clearable<T>(
    parse: impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<Clearable<T>, String> + Clone + Send + Sync + 'static {
    move |text| {
        if is_nothing(text) {
            Ok(Clearable(None))
        } else {
            parse(text).map(|value| Clearable(Some(value)))
        }
    }
}

/// One value of a list, for `parse`; the empty text removes the list.
pub(super) fn item<T, E>(
    parse: impl Fn(&str) -> Result<T, E> + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<Clearable<T>, E> + Clone + Send + Sync + 'static {
    move |text| {
        if text.is_empty() {
            Ok(Clearable(None))
        } else {
            parse(text).map(|value| Clearable(Some(value)))
        }
    }
}

/// A whole number from `min` to `max`, or `off`.
fn parse_count(min: u64, max: u64, text: &str) -> Result<Clearable<u64>, String> {
    if is_off(text) {
        return Ok(Clearable(None));
    }
    match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(Clearable(Some(number))),
        _ => Err(format!("takes a whole number from {min} to {max}, or 'off'")),
    }
}

/// A whole number of at least `min`, or `off`.
pub(super) fn count_or_off(
    min: u32,
) -> impl Fn(&str) -> Result<Clearable<u32>, String> + Clone + Send + Sync + 'static {
    move |text| {
        let Clearable(number) = parse_count(min.into(), u32::MAX.into(), text)?;
        Ok(Clearable(number.and_then(|number| number.try_into().ok())))
    }
}

pub(super) fn pages_or_off(text: &str) -> Result<Clearable<u64>, String> {
    parse_count(1, u64::MAX, text)
}

/// A limit where 0 and `off` mean none, as 0.
pub(super) fn limit(text: &str) -> Result<u32, String> {
    Ok(count_or_off(0)(text)?.0.unwrap_or(0))
}

/// A number above 0 to multiply times by.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if factor > 0.0 && factor <= MAX_FACTOR => Ok(factor),
        _ => Err(format!("takes a number above 0 and up to {MAX_FACTOR}")),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration = humantime::parse_duration(text)
        .map_err(|e| format!("{e}; durations are written 300ms, 2s, 1m30s"))?;
    if duration > MAX_DURATION { Err("maximum is one year".into()) } else { Ok(duration) }
}

/// A duration above 0.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be above 0".into()),
        duration => Ok(duration),
    }
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    let size: bytesize::ByteSize =
        text.parse().map_err(|e| format!("{e}; sizes are written 512KiB, 10MiB"))?;
    if size.0 == 0 { Err("must be above 0".into()) } else { Ok(size.0) }
}

pub(super) fn size_or_off(text: &str) -> Result<Clearable<u64>, String> {
    if is_off(text) || text == "0" {
        Ok(Clearable(None))
    } else {
        size(text).map(|v| Clearable(Some(v)))
    }
}

/// A size, or what the machine has.
pub(super) fn memory(text: &str) -> Result<Clearable<u64>, String> {
    if text == "auto" { Ok(Clearable(None)) } else { size(text).map(|v| Clearable(Some(v))) }
}

/// A value, or what is found out.
pub(super) fn auto_or<T: std::str::FromStr<Err = String>>(
    text: &str,
) -> Result<Clearable<T>, String> {
    if text == "auto" { Ok(Clearable(None)) } else { text.parse().map(|v| Clearable(Some(v))) }
}

/// A switch, or what is found out.
pub(super) fn auto_or_switch(text: &str) -> Result<Clearable<bool>, String> {
    if text == "auto" { Ok(Clearable(None)) } else { switch(text).map(|v| Clearable(Some(v))) }
}

/// A share of failures; `off` is a share above 1, which is never reached.
pub(super) fn share(text: &str) -> Result<f64, String> {
    if is_off(text) {
        return Ok(NEVER);
    }
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("takes a share above 0 and up to 1, or 'off'".into()),
    }
}

/// A share that is never reached.
pub(super) const NEVER: f64 = 2.0;

/// The value of a switch; a switch without a value is on.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("takes true or false".into()),
    }
}

/// Keys for an action: `pause=F9`, `workers-up=F6 i`.
pub(super) fn binding(text: &str) -> Result<KeyChoice, String> {
    let choice: KeyChoice = text.parse()?;
    #[cfg(feature = "tui")]
    crate::ui::keys::check_choice(&choice)?;
    Ok(choice)
}

pub(super) fn header(text: &str) -> Result<Secret<(String, String)>, String> {
    let (name, value) = text.split_once(':').ok_or("headers are written 'Name: value'")?;
    // The parser's own message holds nothing of the name.
    http::HeaderName::try_from(name.trim())
        .map_err(|_| "not a header name, which takes letters, digits and dashes".to_owned())?;
    header_value(value.trim())?;
    Ok(Secret((name.trim().to_owned(), value.trim().to_owned())))
}

fn header_value(text: &str) -> Result<(), String> {
    http::HeaderValue::from_str(text)
        .map(|_| ())
        .map_err(|_| "not a header value, which holds no control characters".to_owned())
}

/// A `User-Agent`; the empty text is the default.
pub(super) fn user_agent(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(USER_AGENT.into());
    }
    header_value(text).map_err(|_| "must not hold control characters")?;
    Ok(text.to_owned())
}

pub(super) fn contact(text: &str) -> Result<String, String> {
    let plain = !text.contains(['(', ')', ' ']) && text.contains([':', '@']);
    if !plain || header_value(text).is_err() {
        return Err("takes a URL or a mail address, such as https://some.site/crawler".into());
    }
    Ok(text.to_owned())
}

pub(super) fn login(text: &str) -> Result<Secret<(String, String)>, String> {
    let (user, password) = text.split_once(':').ok_or("logins are written USER:PASSWORD")?;
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".into());
    }
    Ok(Secret((user.to_owned(), password.to_owned())))
}

pub(super) fn token(text: &str) -> Result<Secret<String>, String> {
    header_value(text)?;
    Ok(Secret(text.trim().to_owned()))
}

/// The name of a database, which the store parses.
pub(super) fn database(text: &str) -> Result<Secret<String>, String> {
    if text.is_empty() { Err("takes a database".into()) } else { Ok(Secret(text.to_owned())) }
}

#[expect(clippy::unnecessary_wraps, reason = "as clap wants it")]
pub(super) fn file(text: &str) -> Result<PathBuf, String> {
    Ok(text.into())
}

pub(super) fn proxy(text: &str) -> Result<Secret<Clearable<String>>, String> {
    if is_off(text) || text.is_empty() {
        return Ok(Secret(Clearable(None)));
    }
    let known = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h")
            && url.host_str().is_some_and(|host| !host.is_empty())
    });
    if !known {
        return Err("proxies are written http://HOST:PORT, https://…, socks5://… or socks5h://…, \
                    USER:PASSWORD@ before the host; 'off' is none"
            .into());
    }
    Ok(Secret(Clearable(Some(text.to_owned()))))
}

pub(super) fn resolve(text: &str) -> Result<(String, IpAddr), String> {
    let pair = text.split_once('=').filter(|(host, _)| !host.is_empty());
    let pair = pair.and_then(|(host, address)| Some((host.to_owned(), address.parse().ok()?)));
    pair.ok_or_else(|| "takes HOST=ADDRESS, such as some.site=192.0.2.1".to_owned())
}

pub(super) fn pattern(text: &str) -> Result<String, String> {
    Regex::new(text).map(|_| text.to_owned()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use crate::units::{bytes_option, duration_option};

    #[test]
    fn what_is_shown_reads_back() {
        for bytes in [1, 1023, 1024, 1025, 10 << 20, (10 << 20) + 1, 3 << 41, u64::MAX] {
            assert_eq!(size(&bytes_option(bytes)), Ok(bytes), "{}", bytes_option(bytes));
        }
        for ms in [0, 1, 1500, 90_000, 86_400_000 * 40 + 7] {
            let span = Duration::from_millis(ms);
            assert_eq!(duration(&duration_option(span)), Ok(span), "{}", duration_option(span));
        }
        assert_eq!(
            (bytes_option(10 << 20).as_str(), duration_option(MAX_DURATION / 366 / 16).as_str()),
            ("10MiB", "1h30m")
        );
    }

    #[test]
    fn no_message_repeats_a_secret() {
        let refusals = [
            header("hush").unwrap_err(),
            header("X hush: v").unwrap_err(),
            header("X: hush\n").err().unwrap_or_default(),
            header("X: hu\nsh").unwrap_err(),
            login("hush").unwrap_err(),
            token("hush\n\u{1}").unwrap_err(),
            proxy("ftp://u:hush@h/").unwrap_err(),
            proxy("u:hush@h").unwrap_err(),
            seed("ftp://u:hush@h/").unwrap_err().to_string(),
            seed("hush:x@h").unwrap_err().to_string(),
            seed("u:hush@h").unwrap_err().to_string(),
            seed("http://u:hu/sh@[").unwrap_err().to_string(),
        ];
        for said in refusals {
            assert!(!said.contains("hush") && !said.contains("hu/sh"), "{said}");
        }
        assert_eq!(format!("{:?}", token("hush").unwrap()), "***");
    }
}

//! Credentials in the URLs of settings: taken out before anything is stored, logged or shown.

use crate::settings::crawl::Settings;

impl Settings {
    /// Takes user and password out of every URL given, into [`by_origin`](crate::settings::Credentials::by_origin), and notes in
    /// [`Settings::credential_names`] what identity there is. To be called before settings are
    /// stored, logged or shown; a second call changes nothing.
    pub fn take_credentials(&mut self) {
        let identity = &mut self.fetch.credentials;
        for urls in [&mut self.seeds, &mut self.sitemap_urls, &mut self.added_seeds] {
            for url in urls {
                identity.take_from(url);
            }
        }
        for name in identity.names() {
            if !self.credential_names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                self.credential_names.push(name);
            }
        }
    }

    /// Names of the identity that the crawl was started with and does not have now. A login for
    /// all seeds stands in for one of a single origin.
    #[must_use]
    pub fn missing_credentials(&self) -> Vec<String> {
        let identity = &self.fetch.credentials;
        let there = identity.names();
        let logged_in = identity.basic.is_some() || identity.bearer.is_some();
        let is_missing = |name: &&String| {
            !(there.iter().any(|is| is.eq_ignore_ascii_case(name))
                || (logged_in && name.starts_with("basic ")))
        };
        self.credential_names.iter().filter(is_missing).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use url::Url;

    #[test]
    fn credentials_leave_the_urls_and_stay_with_their_origin() {
        let urls = ["http://u:p%40ss@a:81/x", "http://other:no@a:81/y", "https://b/"];
        let mut settings = Settings {
            seeds: urls.iter().map(|url| url.parse().unwrap()).collect(),
            sitemap_urls: vec!["https://name@c/map".parse().unwrap()],
            ..Settings::default()
        };
        settings.take_credentials();
        let urls = settings.seeds.iter().chain(&settings.sitemap_urls).map(Url::as_str);
        let plain = ["http://a:81/x", "http://a:81/y", "https://b/", "https://c/map"];
        assert!(urls.eq(plain));
        let taken = [
            ("http://a:81".to_owned(), ("u".to_owned(), "p@ss".to_owned())),
            ("https://c".to_owned(), ("name".to_owned(), String::new())),
        ];
        assert_eq!(settings.fetch.credentials.by_origin, taken);
        assert_eq!(settings.credential_names, ["basic http://a:81", "basic https://c"]);
        let once = settings.clone();
        settings.take_credentials();
        assert_eq!(settings, once);
        for text in [serde_json::to_string(&settings).unwrap(), format!("{settings:?}")] {
            assert!(!text.contains("p@ss") && !text.contains("p%40ss"), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let credential_names =
            ["header X-Key", "bearer", "basic http://a", "proxy"].map(str::to_owned).to_vec();
        let mut settings = Settings { credential_names, ..Settings::default() };
        assert_eq!(settings.missing_credentials(), settings.credential_names);
        let identity = &mut settings.fetch.credentials;
        identity.headers = vec![("x-key".into(), "v".into())];
        identity.basic = Some(("u".into(), "p".into()));
        assert_eq!(settings.missing_credentials(), ["bearer", "proxy"]);
        settings.take_credentials();
        assert_eq!(settings.missing_credentials(), ["bearer", "proxy"], "still remembered");
    }
}

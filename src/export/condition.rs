//! The condition of an export, written by a person in SQL.
//!
//! The database reads it; here is only made sure that it is one condition and nothing beside it. Whatever
//! it is, it can change nothing: it is asked where nothing can be written.

/// Checks that a text can stand between brackets: that it closes what it opens, ends no statement, and
/// has nothing in it that one database reads as a quote or a comment and another does not.
///
/// # Errors
/// What is wrong with it.
pub fn condition(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut open = 0_u32;
    let mut quote = None;
    let mut before = ' ';
    for letter in text.chars() {
        match (quote, letter) {
            (_, '\0') => return Err("it holds a NUL".to_owned()),
            // Some would take that for a quote in the text.
            (Some(end), _) if letter == end && before == '\\' => {
                return Err("no '\\' before a quote: write a quote twice".to_owned());
            }
            (Some(end), _) if letter == end => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (None, '(') => open += 1,
            (None, ')') => match open.checked_sub(1) {
                Some(less) => open = less,
                None => return Err("it closes a bracket that it does not open".to_owned()),
            },
            (None, ';' | '#' | '$' | '[' | ']' | '\\' | '?' | ':' | '@') => {
                return Err(format!("no '{letter}' outside of quotes, please"));
            }
            (None, '-') if before == '-' => return Err("no comments, please".to_owned()),
            (None, '*') if before == '/' => return Err("no comments, please".to_owned()),
            _ => {}
        }
        before = letter;
    }
    if quote.is_some() {
        return Err("a quote is not closed".to_owned());
    }
    if open > 0 {
        return Err("a bracket is not closed".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn conditions_are_one_condition() {
        for good in [
            "status = 404",
            "(status >= 500 OR state = 'failed') AND depth - 1 > 2",
            "title = ':-) it''s; -- fine /*'",
            "\"odd)name\" = 1",
            "title LIKE '100\\% [#$] @?:'",
        ] {
            assert_eq!(condition(good).unwrap(), good);
        }
        for bad in [
            "",
            "  ",
            "1=1; DROP TABLE links",
            "1=1) UNION SELECT 1 --",
            "1=1) OR (1=1",
            "(1=1",
            "title = 'open",
            "1=1 -- rest",
            "1=1 /* rest",
            "1=\0",
            "title = '\0'",
            // What one database takes for a quote or a comment, and another does not.
            "1=1 # '\n) UNION SELECT 1 FROM (SELECT 1) x WHERE (1 # '",
            "'\\'' = ') UNION SELECT 1 --'",
            "E'\\'' = ') UNION SELECT 1'",
            "$$'$$ = ') UNION SELECT 1 WHERE ($$'$$ = 1'",
            "[']) UNION SELECT 1 WHERE ([']",
            // Placeholders without values.
            "status = ?",
            "status = :status",
            "status = @status",
        ] {
            condition(bad).unwrap_err();
        }
    }
}

//! Paths in token streams: what macros are called with, what they are made of, what attributes say.
//!
//! `syn` leaves these unparsed. A path is a chain of names joined by `::`; a single name counts when
//! it begins with a capital (a type, a constant), for small ones are mostly variables. Text counts
//! only in attributes, and only when it begins with `crate::`, `super::` or `self::`.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::facts::{Path, Reference};

/// Collects the paths of `stream`; `texts` says whether string literals may hold paths.
pub fn paths(stream: TokenStream, texts: bool, found: &mut Vec<Reference>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        at = match &tokens[at] {
            TokenTree::Punct(sign) if sign.as_char() == '#' => attribute(&tokens, at, found),
            TokenTree::Ident(_) => path(&tokens, at, found),
            TokenTree::Group(group) => {
                paths(group.stream(), texts, found);
                at + 1
            }
            TokenTree::Literal(literal) => {
                if texts {
                    let line = literal.span().start().line;
                    found.extend(
                        text_path(&literal.to_string()).map(|path| Reference { path, line }),
                    );
                }
                at + 1
            }
            TokenTree::Punct(_) => at + 1,
        };
    }
}

/// The path that the text of an attribute holds.
pub fn text_path(literal: &str) -> Option<Path> {
    let text = literal.trim_matches('"');
    let begins = ["crate::", "super::", "self::"].iter().any(|start| text.starts_with(start));
    let text = text.split('<').next()?.trim_end_matches("::");
    begins.then(|| text.split("::").map(|segment| segment.trim().to_owned()).collect())
}

/// Takes in the attribute whose `#` is at `at`; comments are attributes too and hold no paths.
fn attribute(tokens: &[TokenTree], at: usize, found: &mut Vec<Reference>) -> usize {
    let after = if is_sign(tokens.get(at + 1), '!') { at + 2 } else { at + 1 };
    let Some(group) = group(tokens.get(after), Delimiter::Bracket) else { return at + 1 };
    let comment = matches!(group.stream().into_iter().next(),
        Some(TokenTree::Ident(name)) if name == "doc");
    if !comment {
        paths(group.stream(), true, found);
    }
    after + 1
}

/// Takes in the path that begins at `at`, and gives where it ends.
fn path(tokens: &[TokenTree], at: usize, found: &mut Vec<Reference>) -> usize {
    let mut path = Path::new();
    let mut end = at;
    let line = tokens[at].span().start().line;
    let mut names = None;
    while let Some(TokenTree::Ident(name)) = tokens.get(end) {
        let name = name.to_string();
        path.push(name.strip_prefix("r#").unwrap_or(&name).to_owned());
        end += 1;
        if !is_join(tokens, end) {
            break;
        }
        names = group(tokens.get(end + 2), Delimiter::Brace);
        if !matches!(tokens.get(end + 2), Some(TokenTree::Ident(_))) {
            break;
        }
        end += 2;
    }
    let continues = at >= 2 && is_join(tokens, at - 2);
    let field = at >= 1
        && is_sign(tokens.get(at - 1), '.')
        && !(at >= 2 && is_sign(tokens.get(at - 2), '.'));
    let parameter = at >= 1 && is_sign(tokens.get(at - 1), '$') && path[0] != "crate";
    if continues || field || parameter {
        return end;
    }
    if let Some(names) = names {
        grouped(&path, names, found);
        return end + 3;
    }
    if path.len() > 1 || path[0].starts_with(char::is_uppercase) {
        found.push(Reference { path, line });
    }
    end
}

/// Takes in the names of `use path::{…}`.
fn grouped(before: &Path, names: &Group, found: &mut Vec<Reference>) {
    let mut inner = Vec::new();
    let tokens: Vec<TokenTree> = names.stream().into_iter().collect();
    for part in tokens.split(|token| is_sign(Some(token), ',')) {
        if let [TokenTree::Ident(name)] = part {
            let line = name.span().start().line;
            inner.push(Reference { path: vec![name.to_string()], line });
        } else {
            paths(part.iter().cloned().collect(), false, &mut inner);
        }
    }
    found.extend(inner.into_iter().map(|reference| Reference {
        path: before.iter().chain(&reference.path).cloned().collect(),
        line: reference.line,
    }));
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_join(tokens: &[TokenTree], at: usize) -> bool {
    is_sign(tokens.get(at), ':') && is_sign(tokens.get(at + 1), ':')
}

fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

//! What one source file says, as plain data: modules, items, imports, paths, functions.
//!
//! [`FileFacts::of`] parses a file with `syn` and keeps only what the rules need, so that spans
//! (which are bound to the thread that parsed them) do not leave it.

use crate::{attributes, extract, functions};

/// A path as written, one segment an entry; a leading `::` is an empty first segment.
pub type Path = Vec<String>;

/// One source file.
#[derive(Debug)]
pub struct FileFacts {
    /// Where it is, from the root of the package, with `/`.
    pub path: String,
    /// How many lines it has.
    pub lines: usize,
    /// The text of its `//!` comment on one line.
    pub header: String,
    /// Every function with a body, test code included.
    pub functions: Vec<Function>,
    /// The module that the file is; empty for files of `tests/`.
    pub module: ModuleFacts,
}

/// A function with a body.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line on which its signature starts.
    pub line: usize,
    /// Lines from the signature to the closing brace, both included.
    pub lines: usize,
}

/// One module, a file or inline.
#[derive(Debug, Clone, Default)]
pub struct ModuleFacts {
    /// Its `mod` declarations.
    pub children: Vec<Child>,
    /// What it defines.
    pub items: Vec<Item>,
    /// Its `use` declarations, one for each name of a group; those inside of functions bind nothing.
    pub imports: Vec<Import>,
    /// Every other path in it.
    pub references: Vec<Reference>,
    /// It calls a macro among its items, which may define any name.
    pub calls_macro: bool,
    /// Functions declared `pub` in its `impl` blocks.
    pub public_methods: usize,
}

/// A `mod` declaration.
#[derive(Debug, Clone)]
pub struct Child {
    /// The module's name.
    pub name: String,
    /// Where it is declared.
    pub line: usize,
    /// It is compiled for tests only.
    pub test: bool,
    /// The value of its `#[path]`.
    pub path: Option<String>,
    /// What is between its braces.
    pub inline: Option<ModuleFacts>,
}

/// Something a module defines.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Where.
    pub line: usize,
    /// A struct, an enum, a union, a trait or a type alias.
    pub is_type: bool,
    /// Declared `pub`, without restriction.
    pub public: bool,
    /// The variants of an enum.
    pub variants: Vec<String>,
}

/// A name that `use` brings in.
#[derive(Debug, Clone)]
pub struct Import {
    /// The path, without the name it is given.
    pub path: Path,
    /// Where.
    pub line: usize,
    /// The name it is known by afterwards; none for `as _`, `*` and imports inside of functions.
    pub binding: Option<String>,
    /// It ends in `*`.
    pub glob: bool,
    /// It is a `pub use`, restricted or not.
    pub reexport: bool,
}

/// A path outside of `use`.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The path.
    pub path: Path,
    /// Where.
    pub line: usize,
}

impl FileFacts {
    /// Reads a file. Of a file of `tests/` only what the rules about sizes need.
    ///
    /// # Errors
    /// Where the text is no Rust.
    pub fn of(path: &str, text: &str) -> Result<Self, String> {
        let parsed = syn::parse_file(text)
            .map_err(|error| format!("{path}:{}: {error}", error.span().start().line))?;
        let module = if path.starts_with("src/") {
            extract::module(&parsed.items)
        } else {
            ModuleFacts::default()
        };
        Ok(Self {
            path: path.to_owned(),
            lines: text.lines().count(),
            header: attributes::header(&parsed.attrs),
            functions: functions::functions(&parsed),
            module,
        })
    }
}

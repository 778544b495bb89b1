//! From the syntax tree of a module to its facts. Code that is compiled for tests only is left out.
//!
//! `use` declarations and items inside of a function are known in their block only: paths that
//! begin with a name of theirs are written out (or dropped, if the item is local) on the spot.

use std::collections::HashMap;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, Attribute, Block, Expr, Field, FieldValue, Ident, ImplItem, Item, ItemUse, Local, Macro,
    Meta, PatIdent, Stmt, TraitItem, UseTree, Variant, Visibility,
};

use crate::attributes::{is_test, of_expression, of_item, value};
use crate::facts::{self, Child, Import, ModuleFacts, Path, Reference};
use crate::tokens;

/// What the items of a module say.
pub fn module(items: &[Item]) -> ModuleFacts {
    let mut extractor = Extractor::default();
    for item in items {
        extractor.item(item);
    }
    extractor.facts
}

#[derive(Default)]
struct Extractor {
    facts: ModuleFacts,
    /// What the blocks around bind: a name to a path, or to nothing for a local item.
    blocks: Vec<HashMap<String, Option<Path>>>,
}

impl Extractor {
    /// An item of the module itself.
    fn item(&mut self, item: &Item) {
        let test = is_test(of_item(item));
        match item {
            Item::Mod(module) => {
                if test && module.content.is_some() {
                    return;
                }
                self.facts.children.push(Child {
                    name: name(&module.ident),
                    line: line(&module.ident),
                    test,
                    path: value(&module.attrs, "path"),
                    inline: module.content.as_ref().map(|(_, items)| self::module(items)),
                });
            }
            _ if test => {}
            Item::Use(import) => {
                let reexport = !is_private(&import.vis);
                self.facts.imports.extend(names_of(import, reexport));
            }
            _ => {
                self.facts.calls_macro |= matches!(item, Item::Macro(call) if call.ident.is_none());
                self.define(item);
                visit::visit_item(self, item);
            }
        }
    }

    fn define(&mut self, item: &Item) {
        let mut variants = Vec::new();
        let (ident, is_type, visibility) = match item {
            Item::Struct(item) => (&item.ident, true, Some(&item.vis)),
            Item::Enum(item) => {
                variants.extend(item.variants.iter().map(|variant| name(&variant.ident)));
                (&item.ident, true, Some(&item.vis))
            }
            Item::Union(item) => (&item.ident, true, Some(&item.vis)),
            Item::Trait(item) => (&item.ident, true, Some(&item.vis)),
            Item::TraitAlias(item) => (&item.ident, true, Some(&item.vis)),
            Item::Type(item) => (&item.ident, true, Some(&item.vis)),
            Item::Fn(item) => (&item.sig.ident, false, Some(&item.vis)),
            Item::Const(item) => (&item.ident, false, Some(&item.vis)),
            Item::Static(item) => (&item.ident, false, Some(&item.vis)),
            Item::Macro(item) => match &item.ident {
                Some(ident) => (ident, false, None),
                None => return,
            },
            _ => return,
        };
        self.facts.items.push(facts::Item {
            name: name(ident),
            line: line(ident),
            is_type: is_type && ident != "_",
            public: matches!(visibility, Some(Visibility::Public(_))),
            variants,
        });
    }

    fn record(&mut self, mut path: Path, line: usize) {
        if path.first().is_none_or(|first| first == "Self") {
            return;
        }
        for block in self.blocks.iter().rev() {
            match block.get(&path[0]) {
                Some(Some(before)) => {
                    path.splice(..1, before.iter().cloned());
                    break;
                }
                Some(None) => return,
                None => {}
            }
        }
        self.facts.references.push(Reference { path, line });
    }

    fn record_tokens(&mut self, tokens: proc_macro2::TokenStream, texts: bool) {
        let mut found = Vec::new();
        tokens::paths(tokens, texts, &mut found);
        for Reference { path, line } in found {
            self.record(path, line);
        }
    }
}

impl<'ast> Visit<'ast> for Extractor {
    /// An item inside of a function.
    fn visit_item(&mut self, item: &'ast Item) {
        if is_test(of_item(item)) {
            return;
        }
        if let Item::Use(import) = item {
            let names = names_of(import, false);
            self.facts.imports.extend(names.map(|import| Import { binding: None, ..import }));
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let mut names = HashMap::new();
        for statement in &block.stmts {
            match statement {
                Stmt::Item(Item::Use(import)) => {
                    for import in names_of(import, false) {
                        if let Some(binding) = import.binding {
                            names.insert(binding, Some(import.path));
                        }
                    }
                }
                Stmt::Item(item) => {
                    let mut local = Self::default();
                    local.define(item);
                    names.extend(local.facts.items.into_iter().map(|item| (item.name, None)));
                }
                _ => {}
            }
        }
        self.blocks.push(names);
        visit::visit_block(self, block);
        self.blocks.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let lead = path.leading_colon.map(|_| String::new());
        let segments = path.segments.iter().map(|segment| name(&segment.ident));
        self.record(lead.into_iter().chain(segments).collect(), line(path));
        visit::visit_path(self, path);
    }

    /// A constant in a pattern looks like a new variable.
    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        let name = name(&pattern.ident);
        if name.starts_with(char::is_uppercase) {
            self.record(vec![name], line(&pattern.ident));
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.record_tokens(call.tokens.clone(), false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        self.visit_path(attribute.path());
        match &attribute.meta {
            Meta::Path(_) => {}
            Meta::List(list) => self.record_tokens(list.tokens.clone(), true),
            Meta::NameValue(pair) => self.visit_expr(&pair.value),
        }
    }

    /// `pub(in crate::x)` is no import.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let (attributes, public): (&[Attribute], bool) = match item {
            ImplItem::Const(item) => (&item.attrs, false),
            ImplItem::Fn(item) => (&item.attrs, matches!(item.vis, Visibility::Public(_))),
            ImplItem::Type(item) => (&item.attrs, false),
            ImplItem::Macro(item) => (&item.attrs, false),
            _ => (&[], false),
        };
        if !is_test(attributes) {
            self.facts.public_methods += usize::from(public);
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes: &[Attribute] = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            TraitItem::Macro(item) => &item.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if !matches!(statement, Stmt::Macro(call) if is_test(&call.attrs)) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        if !is_test(of_expression(expression)) {
            visit::visit_expr(self, expression);
        }
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if !is_test(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        if !is_test(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !is_test(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'ast FieldValue) {
        if !is_test(&field.attrs) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        if !is_test(&variant.attrs) {
            visit::visit_variant(self, variant);
        }
    }
}

/// `pub(self)` is as private as nothing.
fn is_private(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Inherited => true,
        Visibility::Public(_) => false,
        Visibility::Restricted(restricted) => restricted.path.is_ident("self"),
    }
}

/// What one `use` brings in, each name by itself.
fn names_of(import: &ItemUse, reexport: bool) -> impl Iterator<Item = Import> {
    let mut imports = Vec::new();
    let start = import.leading_colon.map(|_| String::new()).into_iter().collect();
    flatten(&import.tree, start, &mut imports);
    imports.into_iter().map(move |import| Import { reexport, ..import })
}

fn flatten(tree: &UseTree, mut path: Path, imports: &mut Vec<Import>) {
    let (last, binding) = match tree {
        UseTree::Path(part) => {
            path.push(name(&part.ident));
            return flatten(&part.tree, path, imports);
        }
        UseTree::Group(group) => {
            return group.items.iter().for_each(|tree| flatten(tree, path.clone(), imports));
        }
        UseTree::Name(part) => (Some(name(&part.ident)), None),
        UseTree::Rename(part) => (Some(name(&part.ident)), Some(name(&part.rename))),
        UseTree::Glob(_) => (None, None),
    };
    let glob = last.is_none();
    // `use a::{self}` names `a`; `use self as x` stays.
    path.extend(last.filter(|last| last != "self" || path.is_empty()));
    let binding = binding.or_else(|| path.last().cloned()).filter(|name| !glob && name != "_");
    imports.push(Import { path, line: line(tree), binding, glob, reexport: false });
}

fn name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), ToOwned::to_owned)
}

fn line(at: &impl Spanned) -> usize {
    at.span().start().line
}

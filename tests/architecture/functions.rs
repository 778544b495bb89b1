//! Where functions begin and end, those inside of macro calls (`proptest!`) included.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Block, File, ImplItemFn, ItemFn, Macro, Signature, TraitItemFn};

use crate::facts::Function;

/// Every function of a file that has a body.
pub fn functions(file: &File) -> Vec<Function> {
    let mut finder = Finder::default();
    finder.visit_file(file);
    finder.functions
}

#[derive(Default)]
struct Finder {
    functions: Vec<Function>,
}

impl Finder {
    fn found(&mut self, signature: &Signature, block: &Block) {
        let start = signature
            .constness
            .map(|word| word.span)
            .or_else(|| signature.asyncness.map(|word| word.span))
            .unwrap_or(signature.fn_token.span);
        self.add(signature.ident.to_string(), start, block.brace_token.span.close());
    }

    fn add(&mut self, name: String, start: Span, end: Span) {
        let line = start.start().line;
        self.functions.push(Function { name, line, lines: end.end().line + 1 - line });
    }

    fn in_tokens(&mut self, stream: TokenStream) {
        let mut begun: Option<(Span, String)> = None;
        let mut word: Option<Span> = None;
        for token in stream {
            match token {
                TokenTree::Ident(name) if name == "fn" => word = Some(name.span()),
                TokenTree::Ident(name) => {
                    if let Some(start) = word.take() {
                        begun = Some((start, name.to_string()));
                    }
                }
                TokenTree::Group(group) => {
                    if group.delimiter() == Delimiter::Brace
                        && let Some((start, name)) = begun.take()
                    {
                        self.add(name, start, group.span_close());
                    }
                    self.in_tokens(group.stream());
                }
                TokenTree::Punct(sign) if sign.as_char() == ';' => begun = None,
                _ => word = None,
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.found(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.found(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.found(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.in_tokens(call.tokens.clone());
    }
}

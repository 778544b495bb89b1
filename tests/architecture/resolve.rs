//! From a path to the module that defines what it names, through imports, re-exports and globs.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::tree::Tree;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A module.
    Module(usize),
    /// An item, with the module that defines it.
    Item(usize, String),
    /// A name that the module does not have as far as its text says (a macro may make it).
    Unknown(usize, String),
}

/// One meaning of a path; there can be more, for types, values and modules have names of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub target: Target,
    /// The modules whose imports led to it.
    pub via: Vec<usize>,
}

impl Hit {
    /// Whether it is a module.
    pub fn is_module(&self) -> bool {
        matches!(self.target, Target::Module(_))
    }
}

type Key = (usize, String);

/// Resolves the paths of a tree.
pub struct Resolver<'t> {
    tree: &'t Tree,
    known: RefCell<HashMap<Key, Rc<Vec<Hit>>>>,
    open: RefCell<HashSet<Key>>,
}

impl<'t> Resolver<'t> {
    /// A resolver for `tree`.
    pub fn new(tree: &'t Tree) -> Self {
        Self { tree, known: RefCell::default(), open: RefCell::default() }
    }

    /// What `path`, written in module `from`, names; nothing if it is of another crate.
    pub fn resolve(&self, from: usize, path: &[String]) -> Vec<Hit> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let module = |module: Option<usize>| {
            let target = module.map(Target::Module);
            target.map(|target| Hit { target, via: Vec::new() }).into_iter().collect()
        };
        let here = &self.tree.modules[from];
        let mut hits: Vec<Hit> = match first.as_str() {
            "" => match rest.split_first() {
                Some((name, rest)) if name == "crawldeck" => {
                    return self.follow(module(self.tree.library), rest);
                }
                _ => return Vec::new(),
            },
            "crate" | "$crate" => module(Some(here.root)),
            "self" => module(Some(from)),
            "super" => module(here.parent),
            name => self.lookup(from, name).to_vec(),
        };
        if hits.is_empty() && first == "crawldeck" {
            hits = module(self.tree.library);
        }
        self.follow(hits, rest)
    }

    fn follow(&self, mut hits: Vec<Hit>, rest: &[String]) -> Vec<Hit> {
        for name in rest {
            let mut next = Vec::new();
            let mut unknown = Vec::new();
            for hit in &hits {
                let Target::Module(module) = hit.target else { continue };
                let found = match name.as_str() {
                    "self" => vec![Hit { target: Target::Module(module), via: Vec::new() }],
                    "super" => {
                        let parent = self.tree.modules[module].parent.map(Target::Module);
                        parent.map(|target| Hit { target, via: Vec::new() }).into_iter().collect()
                    }
                    name => self.lookup(module, name).to_vec(),
                };
                if found.is_empty() && !self.binds(module, name) {
                    let made = self.tree.modules[module].calls_macro;
                    let make = if made { Target::Item } else { Target::Unknown };
                    let hit = Hit { target: make(module, name.clone()), via: hit.via.clone() };
                    if made { &mut next } else { &mut unknown }.push(hit);
                }
                next.extend(found.into_iter().map(|mut found| {
                    found.via.splice(..0, hit.via.iter().copied());
                    found
                }));
            }
            // What follows an item is a variant, a method, a constant of it.
            let items = hits.into_iter().filter(|hit| !matches!(hit.target, Target::Module(_)));
            hits = match (next.is_empty(), unknown.is_empty()) {
                (false, _) => next,
                (true, true) => items.collect(),
                (true, false) => {
                    let items: Vec<Hit> = items.collect();
                    if items.is_empty() { unknown } else { items }
                }
            };
        }
        hits
    }

    /// Whether a `use` of the module binds `name`.
    fn binds(&self, module: usize, name: &str) -> bool {
        let mut imports = self.tree.modules[module].imports.iter();
        imports.any(|import| import.binding.as_deref() == Some(name))
    }

    /// What `name` is in `module`.
    pub fn lookup(&self, module: usize, name: &str) -> Rc<Vec<Hit>> {
        let key = (module, name.to_owned());
        if let Some(hits) = self.known.borrow().get(&key) {
            return Rc::clone(hits);
        }
        if !self.open.borrow_mut().insert(key.clone()) {
            return Rc::default();
        }
        let mut hits = self.explicit(module, name);
        if hits.is_empty() && !self.binds(module, name) {
            hits = self.by_glob(module, name);
        }
        let hits = Rc::new(hits);
        self.open.borrow_mut().remove(&key);
        // Within a chain an answer may lack what is being looked up further out.
        if self.open.borrow().is_empty() {
            self.known.borrow_mut().insert(key, Rc::clone(&hits));
        }
        hits
    }

    fn explicit(&self, module: usize, name: &str) -> Vec<Hit> {
        let here = &self.tree.modules[module];
        let children = here.children.get(name).into_iter().flatten().copied().map(Target::Module);
        let items = here.items.iter().filter(|item| item.name == name).take(1);
        let items = items.map(|item| Target::Item(module, item.name.clone()));
        let mut hits: Vec<Hit> =
            children.chain(items).map(|target| Hit { target, via: Vec::new() }).collect();
        for import in here.imports.iter().filter(|import| import.binding.as_deref() == Some(name)) {
            for mut hit in self.resolve(module, &import.path) {
                hit.via.insert(0, module);
                if !hits.iter().any(|known| known.target == hit.target) {
                    hits.push(hit);
                }
            }
        }
        hits
    }

    fn by_glob(&self, module: usize, name: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        for import in self.tree.modules[module].imports.iter().filter(|import| import.glob) {
            for glob in self.resolve(module, &import.path) {
                let found = match &glob.target {
                    Target::Module(inner) if *inner != module => {
                        if self.is_visible(*inner, name, module) {
                            self.lookup(*inner, name).to_vec()
                        } else {
                            Vec::new()
                        }
                    }
                    Target::Item(inner, item) => {
                        let mut items = self.tree.modules[*inner].items.iter();
                        let variant = items.any(|known| {
                            known.name == *item && known.variants.iter().any(|v| v == name)
                        });
                        let target = glob.target.clone();
                        variant.then(|| Hit { target, via: Vec::new() }).into_iter().collect()
                    }
                    _ => Vec::new(),
                };
                for mut hit in found {
                    hit.via.splice(..0, [module].into_iter().chain(glob.via.iter().copied()));
                    if !hits.iter().any(|known: &Hit| known.target == hit.target) {
                        hits.push(hit);
                    }
                }
            }
        }
        hits
    }

    /// Whether a glob in `from` gets `name` from `module`: private imports reach children only.
    fn is_visible(&self, module: usize, name: &str, from: usize) -> bool {
        let here = &self.tree.modules[module];
        let mut imports = here.imports.iter();
        self.tree.is_within(from, module)
            || here.children.contains_key(name)
            || here.items.iter().any(|item| item.name == name)
            || imports.any(|import| {
                import.reexport && (import.glob || import.binding.as_deref() == Some(name))
            })
    }
}

//! The module tree: which file is which module, inline modules included.
//!
//! A graph of files needs a node for each file, so every module knows the module that its file is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::facts::{Child, Import, Item, ModuleFacts, Reference};
use crate::sources::Sources;

/// All modules of the library and of the programs.
#[derive(Debug, Default)]
pub struct Tree {
    /// The modules; an index into it is a module's identity.
    pub modules: Vec<Module>,
    /// The root of the library.
    pub library: Option<usize>,
    /// Module files that are not there, files that belong to no module.
    pub problems: Vec<String>,
}

/// A module.
#[derive(Debug)]
pub struct Module {
    /// The names from the root; the root of a program is `bin`, that of the library nothing.
    pub path: Vec<String>,
    /// The module around it.
    pub parent: Option<usize>,
    /// The root of its crate.
    pub root: usize,
    /// The file it is in.
    pub file: String,
    /// The module that is the whole file: itself, unless it is inline.
    pub file_root: usize,
    /// By name; more than one where `cfg` chooses.
    pub children: HashMap<String, Vec<usize>>,
    /// What it defines.
    pub items: Vec<Item>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Its other paths.
    pub references: Vec<Reference>,
    /// See [`ModuleFacts::calls_macro`].
    pub calls_macro: bool,
    /// See [`ModuleFacts::public_methods`].
    pub public_methods: usize,
}

impl Module {
    /// The path as one writes it: `crawl::gate`.
    pub fn name(&self) -> String {
        if self.path.is_empty() { "lib.rs".to_owned() } else { self.path.join("::") }
    }
}

impl Tree {
    /// The tree of the files of `src/`.
    ///
    /// It takes the module's facts out of `sources`; what is said of whole files stays there.
    pub fn of(sources: &mut Sources) -> Self {
        let files = sources.files.iter_mut().filter(|file| file.path.starts_with("src/"));
        let mut builder = Builder {
            files: files
                .map(|file| (file.path.clone(), std::mem::take(&mut file.module)))
                .collect(),
            taken: BTreeSet::new(),
            tree: Self { problems: sources.problems.clone(), ..Self::default() },
        };
        let paths = builder.files.keys().filter(|path| is_root(path));
        let roots: Vec<String> = paths.cloned().collect();
        for root in roots {
            let path = if root == "src/lib.rs" { Vec::new() } else { vec!["bin".to_owned()] };
            let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
            let id = builder.file(&root, folder, path, None);
            if root == "src/lib.rs" {
                builder.tree.library = id;
            }
        }
        for file in builder.files.keys().filter(|file| !builder.taken.contains(*file)) {
            builder.tree.problems.push(format!("{file}: no `mod` declaration leads to this file"));
        }
        builder.tree
    }

    /// Whether `ancestor` is around `module`.
    pub fn is_within(&self, module: usize, ancestor: usize) -> bool {
        let mut at = Some(module);
        while let Some(module) = at {
            if module == ancestor {
                return true;
            }
            at = self.modules[module].parent;
        }
        false
    }
}

fn is_root(path: &str) -> bool {
    let program = path.strip_prefix("src/bin/").is_some_and(|path| {
        !path.contains('/') || path.split_once('/').is_some_and(|(_, file)| file == "main.rs")
    });
    program || path == "src/lib.rs" || path == "src/main.rs"
}

struct Builder {
    files: BTreeMap<String, ModuleFacts>,
    taken: BTreeSet<String>,
    tree: Tree,
}

impl Builder {
    /// Adds the module that `file` is; its children's files are in `folder`.
    fn file(
        &mut self,
        file: &str,
        folder: &str,
        path: Vec<String>,
        parent: Option<usize>,
    ) -> Option<usize> {
        // A copy: where `cfg` chooses between two faces of a room, both may declare the same file.
        let facts = self.files.get(file)?.clone();
        self.taken.insert(file.to_owned());
        Some(self.module(facts, file, folder, path, parent, false))
    }

    fn module(
        &mut self,
        facts: ModuleFacts,
        file: &str,
        folder: &str,
        path: Vec<String>,
        parent: Option<usize>,
        inline: bool,
    ) -> usize {
        let id = self.tree.modules.len();
        let around = parent.map(|parent| &self.tree.modules[parent]);
        let root = around.map_or(id, |around| around.root);
        let file_root = around.filter(|_| inline).map_or(id, |around| around.file_root);
        self.tree.modules.push(Module {
            path,
            parent,
            root,
            file: file.to_owned(),
            file_root,
            children: HashMap::new(),
            items: facts.items,
            imports: facts.imports,
            references: facts.references,
            calls_macro: facts.calls_macro,
            public_methods: facts.public_methods,
        });
        for child in facts.children {
            self.child(child, id, folder, inline);
        }
        id
    }

    fn child(&mut self, child: Child, parent: usize, folder: &str, inline: bool) {
        let around = &self.tree.modules[parent];
        let file = around.file.clone();
        let mut path = around.path.clone();
        path.push(child.name.clone());
        let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let inner = format!("{folder}/{}", child.name);
        let id = if let Some(facts) = child.inline {
            Some(self.module(facts, &file, &inner, path, Some(parent), true))
        } else {
            let candidates = match &child.path {
                Some(named) if inline => vec![join(folder, named)],
                Some(named) => vec![join(beside, named)],
                None => vec![format!("{inner}.rs"), format!("{inner}/mod.rs")],
            };
            let Some(found) = candidates.iter().find(|file| self.files.contains_key(*file)) else {
                let (line, name) = (child.line, &child.name);
                self.tree.problems.push(format!("{file}:{line}: no file for module {name}"));
                return;
            };
            if child.test {
                self.test_file(found, &child);
                return;
            }
            let folder = match &child.path {
                Some(_) => found.rsplit_once('/').map_or("", |(folder, _)| folder),
                None => &inner,
            };
            self.file(found, folder, path, Some(parent))
        };
        if let Some(id) = id {
            self.tree.modules[parent].children.entry(child.name).or_default().push(id);
        }
    }

    /// Test code is no part of the tree, but its files are no strays: nor are those of its folder.
    fn test_file(&mut self, file: &str, child: &Child) {
        self.taken.insert(file.to_owned());
        let folder = match file.strip_suffix("mod.rs") {
            Some(folder) => folder.to_owned(),
            None => file.strip_suffix(".rs").map_or(String::new(), |stem| format!("{stem}/")),
        };
        if child.path.is_none() {
            let within = self.files.keys().filter(|path| path.starts_with(&folder));
            self.taken.extend(within.cloned().collect::<Vec<_>>());
        }
    }
}

/// `folder/named` without `..`.
fn join(folder: &str, named: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in named.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

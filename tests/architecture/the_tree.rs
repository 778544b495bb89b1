//! The rules, over the source of this package.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::imports::Edges;
use crate::layers::{self, Layers};
use crate::sources::{self, Sources};
use crate::tree::Tree;
use crate::{circles, rules, sizes, stores, type_names};

const ROOMS: Layers<'_> = Layers { within: "", levels: rules::ROOMS, table: "ROOMS" };
const CRAWL_ROOMS: Layers<'_> =
    Layers { within: "crawl", levels: rules::CRAWL_ROOMS, table: "CRAWL_ROOMS" };

/// The source, parsed once for all tests.
struct Package {
    texts: Vec<(String, String)>,
    sources: Sources,
    tree: Tree,
    edges: Edges,
}

impl Package {
    fn read(root: &Path) -> Self {
        let texts = sources::read(root);
        let mut sources = Sources::parse(&texts);
        let tree = Tree::of(&mut sources);
        let edges = Edges::of(&tree);
        Self { texts, sources, tree, edges }
    }

    fn this() -> &'static Self {
        static PACKAGE: OnceLock<Package> = OnceLock::new();
        PACKAGE.get_or_init(|| Self::read(Path::new(env!("CARGO_MANIFEST_DIR"))))
    }

    /// The package that the environment names, or this one.
    fn named() -> Self {
        let root = std::env::var_os("CRAWLDECK_SOURCE_ROOT");
        Self::read(&root.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from))
    }
}

type Rule = (&'static str, fn(&Package) -> Vec<String>);

const RULES: &[Rule] = &[
    ("every file is a module", |package| package.tree.problems.clone()),
    ("no import goes up", |package| ROOMS.check(&package.tree, &package.edges)),
    ("no import goes up inside of the engine", |package| {
        CRAWL_ROOMS.check(&package.tree, &package.edges)
    }),
    ("some rooms import next to nothing", |package| {
        layers::only(&package.tree, &package.edges, rules::ONLY)
    }),
    ("no two modules import each other", |package| {
        circles::between_files(&package.tree, &package.edges)
    }),
    ("no two rooms import each other", |package| {
        let within = rules::NO_CIRCLE_BETWEEN_CHILDREN.iter();
        within
            .flat_map(|room| circles::between_children(&package.tree, &package.edges, room))
            .collect()
    }),
    ("one name, one type", |package| type_names::defined_twice(&package.tree, rules::SAME_NAME)),
    ("no long files", |package| sizes::long_files(&package.sources.files)),
    ("no long functions", |package| sizes::long_functions(&package.sources.files)),
    ("short files on average", |package| sizes::mean_file(&package.sources.files)),
    ("few files directly in a room", |package| {
        sizes::crowded(&package.sources.files, rules::MAX_FILES_IN)
    }),
    ("the stores have little in common", |package| stores::too_alike(&package.texts)),
];

/// Fails with one line for each violation of the rule of that name.
#[track_caller]
fn holds(name: &str) {
    let (_, rule) = RULES.iter().find(|(known, _)| *known == name).expect("the rule is listed");
    let wrong = rule(Package::this());
    assert!(wrong.is_empty(), "{name}: {} violations\n{}\n", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_file_is_a_module() {
    holds("every file is a module");
}

#[test]
fn no_import_goes_up() {
    holds("no import goes up");
}

#[test]
fn no_import_goes_up_inside_of_the_engine() {
    holds("no import goes up inside of the engine");
}

#[test]
fn some_rooms_import_next_to_nothing() {
    holds("some rooms import next to nothing");
}

#[test]
fn no_two_modules_import_each_other() {
    holds("no two modules import each other");
}

#[test]
fn no_two_rooms_import_each_other() {
    holds("no two rooms import each other");
}

#[test]
fn one_name_one_type() {
    holds("one name, one type");
}

#[test]
fn no_long_files() {
    holds("no long files");
}

#[test]
fn no_long_functions() {
    holds("no long functions");
}

#[test]
fn short_files_on_average() {
    holds("short files on average");
}

#[test]
fn few_files_directly_in_a_room() {
    holds("few files directly in a room");
}

#[test]
fn the_stores_have_little_in_common() {
    holds("the stores have little in common");
}

/// The resolver sees the whole of this package: it finds many imports, and hardly a name is unknown.
#[test]
fn the_resolver_understands_this_package() {
    let package = Package::this();
    assert!(package.tree.modules.len() > 100, "{} modules", package.tree.modules.len());
    assert!(package.edges.all.len() > 500, "{} imports", package.edges.all.len());
    let unknown = &package.edges.unknown;
    assert!(unknown.is_empty(), "not resolved:\n{}", unknown.join("\n"));
}

#[test]
#[ignore = "prints, and judges nothing"]
#[expect(clippy::print_stdout, reason = "it is there to print")]
fn print_violations() {
    let package = Package::named();
    for (name, rule) in RULES {
        let wrong = rule(&package);
        println!("\n== {name}: {}\n{}", wrong.len(), wrong.join("\n"));
    }
    println!("\n== not resolved\n{}", package.edges.unknown.join("\n"));
    println!("\n== stores\n{}", stores::listing(&package.texts).join("\n"));
}

#[test]
#[ignore = "prints, and judges nothing"]
#[expect(clippy::print_stdout, reason = "it is there to print")]
fn print_public_items() {
    let package = Package::named();
    let mut total = (0, 0, 0);
    println!("{:>6} {:>8} {:>10}  module", "items", "methods", "re-exports");
    for module in &package.tree.modules {
        let items = module.items.iter().filter(|item| item.public).count();
        let reexports = module.imports.iter().filter(|import| import.reexport).count();
        let methods = module.public_methods;
        total = (total.0 + items, total.1 + methods, total.2 + reexports);
        println!("{items:>6} {methods:>8} {reexports:>10}  {}", module.name());
    }
    println!("{:>6} {:>8} {:>10}  all", total.0, total.1, total.2);
}

#[test]
#[ignore = "prints, and judges nothing"]
#[expect(clippy::print_stdout, reason = "it is there to print")]
fn print_imports() {
    let package = Package::named();
    let name = |module: usize| package.tree.modules[module].name();
    for edge in &package.edges.all {
        let kind = if edge.dependency { "->" } else { "(>)" };
        println!("{} {kind} {}  {}: {}", name(edge.from), name(edge.to), edge.place, edge.text);
    }
}

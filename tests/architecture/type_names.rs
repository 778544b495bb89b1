//! One name, one type.

use std::collections::BTreeMap;

use crate::rules::STORES;
use crate::tree::Tree;

/// Names that several types have, and entries of `excepted` that nothing needs any more.
///
/// Two definitions in one module are one type in two configurations. Like-named files of the stores
/// may define one idea each.
pub fn defined_twice(tree: &Tree, excepted: &[(&str, &str)]) -> Vec<String> {
    let mut types: BTreeMap<&str, BTreeMap<usize, String>> = BTreeMap::new();
    for (id, module) in tree.modules.iter().enumerate() {
        for item in module.items.iter().filter(|item| item.is_type) {
            let place = format!("{}:{}", module.file, item.line);
            let places = types.entry(&item.name).or_default();
            // A file that two faces of a room declare defines its types once.
            if !places.values().any(|known| *known == place) {
                places.entry(id).or_insert(place);
            }
        }
    }
    types.retain(|_, places| {
        let files = places.keys().map(|module| tree.modules[*module].file.as_str());
        places.len() > 1 && !are_like_named(&files.collect::<Vec<_>>())
    });
    let is_excepted = |name: &str| excepted.iter().any(|(known, _)| *known == name);
    let twice = types.iter().filter(|(name, _)| !is_excepted(name)).map(|(name, places)| {
        let places: Vec<&str> = places.values().map(String::as_str).collect();
        format!("{name} is defined {} times: {}", places.len(), places.join(", "))
    });
    let stale = excepted.iter().filter(|(name, _)| !types.contains_key(name));
    twice.chain(stale.map(|(name, _)| format!("{name}: remove it from SAME_NAME"))).collect()
}

/// Whether all are the same file of different stores.
fn are_like_named(files: &[&str]) -> bool {
    let mut names = files.iter().map(|file| {
        STORES
            .iter()
            .find_map(|store| file.strip_prefix(store))
            .filter(|name| name.starts_with('/'))
    });
    let first = names.next().flatten();
    first.is_some() && names.all(|name| name == first)
}

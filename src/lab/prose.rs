//! Titles and sentences of the generated site, in several languages and scripts.
//!
//! It must not know links or HTML; what it returns is plain text, to be escaped by the page.

use super::plan::SitePlan;
use super::rng::{Rng, Topic};

/// The language of a page's text, which decides the charsets it fits into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English with some Japanese and signs: UTF-8 only.
    World,
    /// German, French, Spanish: fits ISO-8859-1.
    Latin,
    /// Russian: fits windows-1251.
    Russian,
}

const WORLD: [&str; 20] = [
    "The light was first shown on a clear evening in March, and the fishermen came out to see it.",
    "Every ship that passes the point must answer the signal before the tide turns.",
    "Nobody remembers who drew the first chart of these waters.",
    "In winter the ferry runs only twice a day, and not at all when the wind is from the north.",
    "The keeper wrote down the weather each morning in a book that has survived.",
    "Three paths lead down to the harbour; the middle one is the oldest.",
    "A bell hangs in the tower & is rung in fog, two strokes every half minute.",
    "The museum holds 1,204 letters, of which about a third have been read.",
    "From the island one can see the mainland only after rain.",
    "The rope walk was 300 metres long, and a good hand walked it forty times a day.",
    "Salt was carried inland on mules, five days up the river.",
    "If x < 3 fathoms the pilot waits; if x > 5 he goes straight in.",
    "It is said that the map was folded the wrong way for a hundred years.",
    "The storm of that year is described in every log, each time differently.",
    "灯台の光は霧の中でも二十海里先から見える。",
    "港の朝は早く、船は潮とともに出て行く。🚢",
    "What remains is a wall, a well and the foundation of the signal mast.",
    "Children learned the flags before they learned the alphabet.",
    "\u{201c}Keep the lamp clean,\u{201d} the rule book says, \u{201c}and the rest will follow.\u{201d}",
    "The new pier was built of oak, the newer one of iron, the newest of concrete.",
];

const LATIN: [&str; 12] = [
    "Das Leuchtfeuer wurde an einem klaren Abend im März zum ersten Mal gezündet.",
    "Im Winter fährt die Fähre nur zweimal täglich, bei Nordwind überhaupt nicht.",
    "Der Wärter schrieb jeden Morgen das Wetter in ein großes Buch.",
    "Für die Überfahrt zahlte man früher fünf Groschen; heute ist sie kostenlos.",
    "Le phare fut allumé pour la première fois par une belle soirée de mars.",
    "Les pêcheurs se réunissent au café du port dès l'aube, été comme hiver.",
    "Où finit la rivière commence la mer, disait-on à l'école du village.",
    "El faro se encendió por primera vez una noche clara de marzo.",
    "Los niños aprendían las banderas antes que el abecedario; ¿quién no?",
    "Straßen und Wege führen hinunter zum Hafen, der mittlere ist der älteste.",
    "Nach dem Sturm lagen überall Netze, Bojen und Körbe am Strand.",
    "La señal se repetía cada treinta segundos hasta el amanecer.",
];

const RUSSIAN: [&str; 8] = [
    "Маяк впервые зажгли ясным мартовским вечером, и рыбаки вышли посмотреть на него.",
    "Зимой паром ходит только дважды в день, а при северном ветре не ходит вовсе.",
    "Смотритель каждое утро записывал погоду в большую книгу.",
    "Никто не помнит, кто начертил первую карту этих вод.",
    "К гавани ведут три тропы; средняя из них самая старая.",
    "В тумане звонит колокол: два удара каждые полминуты.",
    "Соль везли вверх по реке на мулах, пять дней пути.",
    "От старого порта остались стена, колодец и мачта.",
];

const TITLES: [&str; 20] = [
    "The Light on the Northern Pier",
    "A History of Fog",
    "Rope & Sail",
    "Gezeiten und Fährzeiten",
    "Über die Brücke nach Süden",
    "Café du Port – la carte",
    "El río y la señal",
    "灯台の歴史",
    "港の地図 🗺",
    "Карта старого порта",
    "Letters from the Keeper",
    "Storm Log",
    "Signals < Flags > Lamps",
    "The Salt Road 🧂",
    "Smørrebrød and Other Voyages",
    "Charts, Revised",
    "\u{201c}Keep the Lamp Clean\u{201d}",
    "Twelve Islands",
    "Straßen am Wasser",
    "Ferry Times ⛴ Winter",
];

impl SitePlan {
    /// The title of page `n`: plain text.
    pub fn title(&self, n: u32) -> String {
        if n == 0 {
            return "The crawldeck lab".to_owned();
        }
        format!("{} {n}", self.rng(n, Topic::Prose).pick(&TITLES))
    }
}

/// One sentence.
pub fn sentence(language: Language, rng: &mut Rng) -> &'static str {
    match language {
        Language::World => rng.pick(&WORLD),
        Language::Latin => rng.pick(&LATIN),
        Language::Russian => rng.pick(&RUSSIAN),
    }
}

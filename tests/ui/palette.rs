//! Promise: every text can be read on the background that a theme is for, and every meaning has one hue.

use crawldeck::settings::appearance::{ColorDepth, ThemeName};
use crawldeck::ui::palette::{self, Role, Use};
use crawldeck::ui::theme::Theme;
use ratatui::style::{Color, Modifier};

/// Roles that words and numbers are written in.
const WRITTEN: [Role; 13] = [
    Role::Text,
    Role::Strong,
    Role::Dim,
    Role::Limit,
    Role::Ok,
    Role::Moved,
    Role::Client,
    Role::Server,
    Role::Retry,
    Role::Wait,
    Role::Blocked,
    Role::High,
    Role::Low,
];
const COLORED: [ThemeName; 3] = [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast];

/// The 16 colours of a terminal by their numbers, its background when it is dark, and when it is light.
struct Terminal {
    name: &'static str,
    colors: [u32; 16],
    backgrounds: [u32; 2],
}

/// What the terminals of these names have out of the box.
const TERMINALS: [Terminal; 2] = [
    Terminal {
        name: "xterm",
        colors: [
            0x00_0000, 0xCD_0000, 0x00_CD00, 0xCD_CD00, 0x00_00EE, 0xCD_00CD, 0x00_CDCD, 0xE5_E5E5,
            0x7F_7F7F, 0xFF_0000, 0x00_FF00, 0xFF_FF00, 0x5C_5CFF, 0xFF_00FF, 0x00_FFFF, 0xFF_FFFF,
        ],
        backgrounds: [0, 0xFF_FFFF],
    },
    Terminal {
        name: "VGA",
        colors: [
            0x00_0000, 0xAA_0000, 0x00_AA00, 0xAA_5500, 0x00_00AA, 0xAA_00AA, 0x00_AAAA, 0xAA_AAAA,
            0x55_5555, 0xFF_5555, 0x55_FF55, 0xFF_FF55, 0x55_55FF, 0xFF_55FF, 0x55_FFFF, 0xFF_FFFF,
        ],
        backgrounds: [0, 0xFF_FFFF],
    },
];

/// Relative luminance as WCAG 2 defines it.
fn luminance(rgb: u32) -> f64 {
    let channel = |shift: u32| {
        let value = f64::from(rgb >> shift & 0xFF) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
}

fn contrast(a: u32, b: u32) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    (a / b).max(b / a)
}

#[test]
fn text_stands_out_from_the_background() {
    assert!((contrast(0, 0xFF_FFFF) - 21.0).abs() < 0.01);
    for theme in COLORED {
        let background = palette::background(theme);
        for role in WRITTEN {
            let [full, of_256] =
                [palette::rgb(theme, role), palette::indexed_rgb(palette::indexed(theme, role))]
                    .map(|color| contrast(color, background));
            assert!(full >= 4.5, "{theme} {role:?}: {full:.1}");
            assert!(of_256 >= 4.5, "{theme} {role:?} of 256: {of_256:.1}");
        }
    }
}

/// The number of one of the 16 colours.
fn number(color: Color) -> usize {
    let all = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    all.iter().position(|c| *c == color).unwrap()
}

#[test]
fn text_of_16_colours_can_be_read_on_well_known_terminals() {
    for (theme, background) in [(ThemeName::Dark, 0), (ThemeName::Light, 1)] {
        for role in WRITTEN {
            let color = palette::color(theme, ColorDepth::Ansi, role, Use::Text);
            // Otherwise it is the terminal's own colour for text.
            let Some(color) = color else { continue };
            for terminal in &TERMINALS {
                let seen =
                    contrast(terminal.colors[number(color)], terminal.backgrounds[background]);
                assert!(seen >= 4.5, "{} {theme} {role:?}: {seen:.1}", terminal.name);
            }
        }
    }
}

#[test]
fn no_two_meanings_share_a_hue() {
    for theme in COLORED {
        for (i, a) in WRITTEN.into_iter().enumerate() {
            for b in &WRITTEN[i + 1..] {
                // Numbers may be as white as titles, which are bold, and lines of latency have names.
                let plain = [Role::Text, Role::Strong, Role::Dim, Role::High, Role::Low];
                if plain.contains(&a) && plain.contains(b) {
                    continue;
                }
                assert_ne!(palette::rgb(theme, a), palette::rgb(theme, *b), "{theme} {a:?} {b:?}");
            }
        }
    }
}

#[test]
fn without_colours_no_style_has_one() {
    let theme = Theme::mono();
    for role in WRITTEN.into_iter().chain([Role::Faint]) {
        for style in [theme.text(role), theme.mark(role), theme.fill(role), theme.chip(role)] {
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        assert_eq!(theme.shade(role, 0.5).fg, None, "{role:?}");
    }
    assert!(theme.text(Role::Limit).add_modifier.contains(Modifier::BOLD));
}

#[test]
fn nothing_is_bold_and_dim_at_once() {
    let both = Modifier::BOLD | Modifier::DIM;
    for theme in [Theme::mono(), Theme::dark(ColorDepth::Ansi), Theme::dark(ColorDepth::True)] {
        for (under, over) in [(theme.dim(), theme.strong()), (theme.strong(), theme.dim())] {
            let mut cell = ratatui::buffer::Cell::default();
            cell.set_style(under).set_style(over);
            assert!(!cell.modifier.contains(both), "{theme:?}");
        }
    }
}

#[test]
fn an_area_is_faintest_at_its_axis() {
    for depth in [ColorDepth::Indexed, ColorDepth::True] {
        let theme = Theme::dark(depth);
        let seen: Vec<_> = [0.08, 0.5, 1.0].map(|t| theme.shade(Role::Ok, t).fg.unwrap()).into();
        let light = |color: Color| match color {
            Color::Rgb(r, g, b) => luminance(u32::from_be_bytes([0, r, g, b])),
            Color::Indexed(i) => luminance(palette::indexed_rgb(i)),
            other => panic!("{other:?}"),
        };
        assert!(light(seen[0]) < light(seen[1]) && light(seen[1]) < light(seen[2]), "{seen:?}");
        if depth == ColorDepth::True {
            assert_eq!(seen[2], Color::Rgb(0x35, 0xDA, 0x9B));
        }
    }
    let flat = Theme::dark(ColorDepth::Ansi);
    assert_eq!(flat.shade(Role::Ok, 0.1), flat.shade(Role::Ok, 0.9));
}

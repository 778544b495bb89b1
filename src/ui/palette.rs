//! The palette: every colour of the dashboard and what it stands for. Nothing else names a colour.
//!
//! Each role has a colour of 24 bits and one of 256 for three themes, and what the 16 colours of a
//! terminal offer on a dark and on a light background. Those 16 belong to the user: their contrast is
//! not known, so no meaning rests on them alone.

use ratatui::style::Color;

use crate::settings::appearance::{ColorDepth, ThemeName};

/// What a colour stands for, the same in every place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Numbers and names.
    Text,
    /// What matters, titles: bold.
    Strong,
    /// Labels, units, hints.
    Dim,
    /// Frames, tracks, grids; never text.
    Faint,
    /// The limiting stage, its verdict and its key; changes that were made; what happens now.
    Limit,
    /// Answers 2xx; what flows, fetches, is better or done.
    Ok,
    /// Answers 3xx; parsing.
    Moved,
    /// Answers 4xx.
    Client,
    /// Answers 5xx, no answer, what failed, an open breaker.
    Server,
    /// Retries and attempts.
    Retry,
    /// What waits: for a permit, for the pace of a host, paused. The stock of a queue.
    Wait,
    /// What is blocked or taken back, and what is worse.
    Blocked,
    /// The 95th percentile, the latency now.
    High,
    /// The median.
    Low,
}

/// The colours of a role.
struct Ink {
    dark: (u32, u8),
    light: (u32, u8),
    high: (u32, u8),
    /// On a dark background, and on a light one.
    ansi: [AnsiInk; 2],
}

/// What a role takes of the 16 colours; `None` is the terminal's own.
#[derive(Clone, Copy)]
struct AnsiInk {
    text: Option<u8>,
    mark: Option<u8>,
    fill: Option<u8>,
}

/// The same colour for all.
const fn all(color: u8) -> AnsiInk {
    AnsiInk { text: Some(color), mark: Some(color), fill: Some(color) }
}

/// A colour too weak for text: the text beside the mark is in the terminal's own.
const fn marks(color: u8) -> AnsiInk {
    AnsiInk { text: None, ..all(color) }
}

/// Text and marks in one colour, fills in another.
const fn filled(color: u8, fill: u8) -> AnsiInk {
    AnsiInk { fill: Some(fill), ..all(color) }
}

const PLAIN: AnsiInk = AnsiInk { text: None, mark: None, fill: None };

const fn ink(role: Role) -> Ink {
    let (dark, light, high, ansi) = match role {
        Role::Text => ((0xD5_DAE3, 253), (0x24_272E, 235), (0xFF_FFFF, 231), [PLAIN, PLAIN]),
        Role::Strong => ((0xFF_FFFF, 231), (0x0B_0D12, 232), (0xFF_FFFF, 231), [PLAIN, PLAIN]),
        Role::Dim => ((0x8D_96A8, 246), (0x5C_6472, 241), (0xC4_CBD8, 251), [PLAIN, PLAIN]),
        Role::Faint => ((0x47_4E5E, 239), (0xB9_BCC2, 250), (0x8A_8F9C, 245), [all(8), all(8)]),
        Role::Limit => ((0x8C_EDFB, 123), (0x00_5985, 24), (0x5F_FFFF, 87), [all(14), all(4)]),
        Role::Ok => ((0x35_DA9B, 42), (0x15_7A47, 22), (0x5F_FFAF, 85), [filled(10, 2), marks(2)]),
        Role::Moved => ((0x43_8DF7, 75), (0x12_38A8, 26), (0x87_AFFF, 111), [marks(12), marks(6)]),
        Role::Client => ((0xF5_DF45, 221), (0x5A_4A00, 58), (0xFF_FF5F, 227), [all(11), marks(3)]),
        Role::Server => ((0xF2_6D5F, 203), (0x7C_0A1E, 88), (0xFF_8787, 210), [all(9), all(1)]),
        Role::Retry => ((0xF2_92ED, 213), (0xA0_2A8C, 126), (0xFF_AFFF, 219), [all(13), all(5)]),
        Role::Wait => {
            ((0x8D_9DBC, 110), (0x33_3E4E, 238), (0xD0_D7E5, 189), [filled(7, 8), marks(8)])
        }
        // Brown on some terminals, so too weak for text on either background.
        Role::Blocked => {
            ((0xF1_9647, 208), (0xB0_4E00, 94), (0xFF_AF5F, 215), [marks(3), marks(3)])
        }
        Role::High => ((0xBF_E3FF, 153), (0x23_4A66, 24), (0xFF_FFFF, 231), [all(15), PLAIN]),
        Role::Low => ((0x7F_A6C4, 109), (0x47_708F, 60), (0xC4_CBD8, 251), [all(7), marks(8)]),
    };
    Ink { dark, light, high, ansi }
}

/// How a colour is used: the 16 colours have one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Words and numbers.
    Text,
    /// Glyphs and lines.
    Mark,
    /// Bars and areas.
    Fill,
}

/// The usual background that the contrasts of a theme hold for, as 0xRRGGBB. It is never painted.
#[must_use]
pub const fn background(theme: ThemeName) -> u32 {
    match theme {
        ThemeName::Dark | ThemeName::Mono => 0x10_1014,
        ThemeName::Light => 0xFA_F7EF,
        ThemeName::HighContrast => 0,
    }
}

/// The colour of a role as 0xRRGGBB; that of `dark` for a theme without colours.
#[must_use]
pub const fn rgb(theme: ThemeName, role: Role) -> u32 {
    let ink = ink(role);
    match theme {
        ThemeName::Dark | ThemeName::Mono => ink.dark.0,
        ThemeName::Light => ink.light.0,
        ThemeName::HighContrast => ink.high.0,
    }
}

/// The colour of a role of the 256.
#[must_use]
pub const fn indexed(theme: ThemeName, role: Role) -> u8 {
    let ink = ink(role);
    match theme {
        ThemeName::Dark | ThemeName::Mono => ink.dark.1,
        ThemeName::Light => ink.light.1,
        ThemeName::HighContrast => ink.high.1,
    }
}

/// The colour of a role; `None` for the terminal's own.
#[must_use]
pub fn color(theme: ThemeName, depth: ColorDepth, role: Role, used: Use) -> Option<Color> {
    if theme == ThemeName::Mono {
        return None;
    }
    match depth {
        ColorDepth::None => None,
        ColorDepth::Ansi => {
            let ink = ink(role).ansi[usize::from(theme == ThemeName::Light)];
            let color = match used {
                Use::Text => ink.text,
                Use::Mark => ink.mark,
                Use::Fill => ink.fill,
            };
            color.map(ansi)
        }
        ColorDepth::Indexed => Some(Color::Indexed(indexed(theme, role))),
        ColorDepth::True => Some(rgb_color(rgb(theme, role))),
    }
}

/// A role's hue mixed into the usual background: `t` from 0, faintest, to 1, in full. Without
/// gradients, at 16 colours, the fill of the role.
#[must_use]
pub fn shade(theme: ThemeName, depth: ColorDepth, role: Role, t: f32) -> Option<Color> {
    if theme == ThemeName::Mono || depth <= ColorDepth::Ansi {
        return color(theme, depth, role, Use::Fill);
    }
    let mixed = mix(background(theme), rgb(theme, role), 0.30 + 0.70 * t);
    Some(match depth {
        ColorDepth::True => rgb_color(mixed),
        _ => Color::Indexed(nearest(mixed)),
    })
}

/// The colour that is `share` of the way from one to another, both 0xRRGGBB.
#[must_use]
pub fn mix(from: u32, to: u32, share: f32) -> u32 {
    let share = share.clamp(0.0, 1.0);
    [16, 8, 0].into_iter().fold(0, |mixed, shift| {
        let (a, b) = ((from >> shift & 0xFF) as f32, (to >> shift & 0xFF) as f32);
        mixed | ((a + (b - a) * share).round() as u32) << shift
    })
}

/// The colour 0xRRGGBB of an index of the 256, from 16 on: a cube of six steps, then 24 greys.
#[must_use]
pub const fn indexed_rgb(index: u8) -> u32 {
    const STEPS: [u32; 6] = [0, 95, 135, 175, 215, 255];
    let at = index.saturating_sub(16) as usize;
    if at < 216 {
        STEPS[at / 36] << 16 | STEPS[at / 6 % 6] << 8 | STEPS[at % 6]
    } else {
        let grey = 8 + 10 * (at as u32 - 216);
        grey << 16 | grey << 8 | grey
    }
}

/// The nearest of the 256 colours, the first 16 left out: they belong to the user. Of two that are as near, the
/// one of the same hue: a gradient must not change its colour.
#[must_use]
pub fn nearest(rgb: u32) -> u8 {
    let distance = |index: u8| {
        let other = indexed_rgb(index);
        let squares = [16, 8, 0]
            .into_iter()
            .map(|shift| (rgb >> shift & 0xFF).abs_diff(other >> shift & 0xFF).pow(2))
            .sum::<u32>();
        let turned = match (hue(rgb), hue(other)) {
            (Some(a), Some(b)) => (a - b).abs().min(360.0 - (a - b).abs()) * HUE_WEIGHT,
            _ => 0.0,
        };
        squares as f32 + turned * turned
    };
    (16..=u8::MAX).min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(16)
}

/// What a degree of hue weighs against a step of a channel.
const HUE_WEIGHT: f32 = 3.0;
/// Difference of the channels below which a colour is a grey.
const GREY: f32 = 24.0;

/// The hue in degrees; `None` for a grey.
fn hue(rgb: u32) -> Option<f32> {
    let [r, g, b] = [16, 8, 0].map(|shift| (rgb >> shift & 0xFF) as f32);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    if range < GREY {
        return None;
    }
    let sixth = if most <= r {
        ((g - b) / range).rem_euclid(6.0)
    } else if most <= g {
        (b - r) / range + 2.0
    } else {
        (r - g) / range + 4.0
    };
    Some(sixth * 60.0)
}

const fn rgb_color(rgb: u32) -> Color {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Color::Rgb(red, green, blue)
}

/// One of the 16 colours, by its number.
const fn ansi(number: u8) -> Color {
    match number {
        0 => Color::Black,
        1 => Color::Red,
        2 => Color::Green,
        3 => Color::Yellow,
        4 => Color::Blue,
        5 => Color::Magenta,
        6 => Color::Cyan,
        7 => Color::Gray,
        8 => Color::DarkGray,
        9 => Color::LightRed,
        10 => Color::LightGreen,
        11 => Color::LightYellow,
        12 => Color::LightBlue,
        13 => Color::LightMagenta,
        14 => Color::LightCyan,
        _ => Color::White,
    }
}

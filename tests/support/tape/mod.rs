//! A terminal for the real binary, and a player for the tape that shows it off.
//!
//! ```text
//! terminal  a program in a pty, its screen, waits with a deadline
//! script    the tape as steps; what it does not understand is an error
//! play      the steps, on that terminal, as fast as the waits allow or at a viewer's pace
//! frames    the screen as it changed, for pictures and animations
//! ```
//!
//! It knows nothing of the crawler but the name of its binary, and how it draws pictures.
#![allow(dead_code, reason = "each test uses some of it")]

pub mod frames;
pub mod play;
pub mod script;
pub mod terminal;

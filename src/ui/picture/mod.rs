//! Pictures of the screen: SVG from what was drawn, one frame or several one after the other.
//!
//! ```text
//! cells   what stands on a screen, and the colours of a terminal
//! svg     the file   shapes   characters that are drawn rather than written   save   into the current folder
//! ```

mod cells;
mod save;
mod shapes;
mod svg;

#[cfg(feature = "internals")]
pub use self::{
    cells::{CellInk, PictureCell, PictureColors, PictureFrame, of_buffer},
    svg::{animation, picture},
};
pub use save::save;

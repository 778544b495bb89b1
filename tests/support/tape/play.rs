//! Plays a tape on a terminal.

use std::time::Duration;

use super::frames::Camera;
use super::script::{Script, Step};
use super::terminal::Terminal;

/// How fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the waits allow: nobody watches.
    Test,
    /// At the tape's own pace.
    Viewer,
}

/// Plays all steps; fails at the first wait that is in vain.
pub fn play(
    script: &Script,
    terminal: &mut Terminal,
    pace: Pace,
    camera: Option<&Camera>,
) -> Result<(), String> {
    let pause = |time: Duration| {
        if pace == Pace::Viewer {
            std::thread::sleep(time);
        }
    };
    for (line, step) in &script.steps {
        match step {
            Step::Type(text, speed) => {
                for character in text.chars() {
                    terminal.send(character.encode_utf8(&mut [0; 4]).as_bytes());
                    pause(speed.unwrap_or(script.typing));
                }
            }
            Step::Press(bytes, times) => {
                for _ in 0..*times {
                    terminal.send(bytes);
                    pause(script.typing);
                }
            }
            Step::Ctrl(letter) => {
                terminal.send(&[letter.to_ascii_uppercase() as u8 & 0x1f]);
                pause(script.typing);
            }
            Step::Sleep(time) => pause(*time),
            Step::Wait(pattern, patience) => terminal
                .wait(pattern.as_str(), patience.unwrap_or(script.wait), |screen| {
                    pattern.is_match(&screen.contents())
                })
                .map_err(|error| format!("line {line}: {error}"))?,
            Step::Shown(shown) => {
                if let Some(camera) = camera {
                    camera.roll(*shown);
                }
            }
            Step::Screenshot(name) => {
                if let Some(camera) = camera {
                    camera.still(name);
                }
            }
        }
    }
    Ok(())
}

//! Colours of the pictures, each with the one that stands for it on a dark page.
//!
//! Pictures are drawn in the light colours and say so in attributes; a rule of CSS for each pair
//! repaints them where the reader prefers dark. A program that knows no CSS shows the light ones.

use core::fmt::Write;

use plotters::style::RGBColor;

/// A colour on light and on dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    light: u32,
    dark: u32,
}

const fn colour(light: u32, dark: u32) -> Colour {
    Colour { light, dark }
}

/// Behind everything.
pub(super) const SURFACE: Colour = colour(0xFC_FC_FB, 0x1A_1A_19);
/// Titles.
pub(super) const INK: Colour = colour(0x0B_0B_0B, 0xFF_FF_FF);
/// Labels.
pub(super) const MUTED: Colour = colour(0x52_51_4E, 0xC3_C2_B7);
/// Lines to read values from.
pub(super) const GRID: Colour = colour(0xE1_E0_D9, 0x2C_2C_2A);

/// Lines, told apart by every kind of eyes in this order.
pub(super) const LINES: [Colour; 8] = [
    colour(0x2A_78_D6, 0x39_87_E5),
    colour(0xEB_68_34, 0xD9_59_26),
    colour(0x1B_AF_7A, 0x19_9E_70),
    colour(0xED_A1_00, 0xC9_85_00),
    colour(0xE8_7B_A4, 0xD5_51_81),
    colour(0x00_83_00, 0x00_83_01),
    colour(0x4A_3A_A7, 0x90_85_E9),
    colour(0xE3_49_48, 0xE6_67_67),
];

/// Few to many: both ends are clear of the page they are on.
pub(super) const HEAT: [Colour; 12] = [
    colour(0xCD_E2_FB, 0x0D_36_6B),
    colour(0xB7_D3_F6, 0x10_42_81),
    colour(0x9E_C5_F4, 0x18_4F_95),
    colour(0x86_B6_EF, 0x1C_5C_AB),
    colour(0x6D_A7_EC, 0x25_6A_BF),
    colour(0x55_98_E7, 0x39_87_E5),
    colour(0x39_87_E5, 0x55_98_E7),
    colour(0x25_6A_BF, 0x6D_A7_EC),
    colour(0x1C_5C_AB, 0x86_B6_EF),
    colour(0x18_4F_95, 0x9E_C5_F4),
    colour(0x10_42_81, 0xB7_D3_F6),
    colour(0x0D_36_6B, 0xCD_E2_FB),
];

impl Colour {
    /// Red, green and blue on a light page.
    pub(super) fn rgb(self) -> u32 {
        self.light
    }

    /// For plotters.
    pub(super) fn light(self) -> RGBColor {
        let [_, red, green, blue] = self.light.to_be_bytes();
        RGBColor(red, green, blue)
    }
}

/// The line colour of a number; what is beyond the palette is muted.
pub(super) fn line(number: usize) -> Colour {
    LINES.get(number).copied().unwrap_or(MUTED)
}

/// The rules that repaint a picture for a dark page.
pub(super) fn dark_rules() -> String {
    let all = [SURFACE, INK, MUTED, GRID];
    let mut rules = String::from("@media (prefers-color-scheme:dark){");
    for Colour { light, dark } in all.iter().chain(&LINES).chain(&HEAT) {
        // Writing to a string does not fail.
        let _ = write!(
            rules,
            "svg [fill=\"#{light:06X}\"]{{fill:#{dark:06x}}}\
             svg [stroke=\"#{light:06X}\"]{{stroke:#{dark:06x}}}"
        );
    }
    rules + "}"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_colour_has_one_meaning() {
        let all = [SURFACE, INK, MUTED, GRID];
        let all: Vec<u32> =
            all.iter().chain(&LINES).chain(&HEAT).map(|colour| colour.light).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        let rules = dark_rules();
        assert_eq!(rules.matches("fill=").count(), all.len());
        assert!(rules.contains("svg [fill=\"#0B0B0B\"]{fill:#ffffff}"), "{rules}");
        assert_eq!(line(99), MUTED);
    }
}

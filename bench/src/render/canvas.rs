//! A picture as SVG: plotters' coordinates, texts and legend, in a size that suits a page.
//!
//! plotters places whole pixels, so everything is drawn at twice its size. It is built without a
//! font library: how wide a text is gets estimated here, generously, and anchors do the rest.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::Axis;
use super::palette::{Colour, GRID, INK, MUTED, SURFACE, dark_rules};
use crate::error::BenchError;

/// Drawn units for a shown pixel.
const SCALE: u32 = 2;
/// How wide every picture is, drawn.
pub(super) const WIDTH: u32 = 960 * SCALE;
/// Room for the labels of values.
pub(super) const LEFT: u32 = 66 * SCALE;
/// Room for the labels of what is below a picture.
pub(super) const BELOW: u32 = 26 * SCALE;
/// Room at the right: half a label.
const RIGHT: u32 = 28 * SCALE;

const FONT: &str = "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif";
/// Of titles and of all else, shown pixels.
const TITLE_PX: f64 = 15.0;
const TEXT_PX: f64 = 12.0;
/// plotters writes a font's size divided by this.
const SIZE_FACTOR: f64 = 1.24;

/// Something to draw on.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What drawing may end with.
pub(super) type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;
/// A plane with values to the right and upwards.
pub(super) type Plane = Cartesian2d<Axis, Axis>;
/// A plane on an area.
pub(super) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Plane>;

/// Draws a picture with a title, so many shown pixels high; `title` is also what is read aloud.
pub(super) fn picture(
    title: &str,
    height: u32,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<String, BenchError> {
    let mut svg = String::new();
    let size = (WIDTH, height * SCALE);
    let drawn = || -> Drawn {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        text(&root, title, (4, 2), TITLE_PX, INK, HPos::Left)?;
        let (_, below) = root.split_vertically(26 * SCALE);
        draw(&below)?;
        root.present()
    };
    drawn().map_err(|error| BenchError::Picture(error.to_string()))?;
    // The first line is plotters' own opening tag.
    let body = svg.split_once('\n').map_or("", |(_, body)| body);
    let surface = SURFACE.rgb();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{}\">\n<style>rect{{shape-rendering:\
         crispEdges}}polyline{{stroke-linejoin:round}}{}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#{surface:06X}\"/>\n{body}",
        size.0,
        size.1,
        size.0 / SCALE,
        super::page::escaped(title),
        dark_rules(),
    ))
}

/// Writes a text whose upper edge is at a place in drawn units.
fn text(
    area: &Area<'_>,
    content: &str,
    at: (i32, i32),
    px: f64,
    colour: Colour,
    side: HPos,
) -> Drawn {
    let colour = colour.light();
    let style = TextStyle::from((FONT, px * f64::from(SCALE) * SIZE_FACTOR).into_font())
        .color(&colour)
        .pos(Pos::new(side, VPos::Top));
    area.draw_text(content, &style, at)
}

/// A small text; `at` is in shown pixels from the upper left.
pub(super) fn label(area: &Area<'_>, content: &str, at: (i32, i32), side: HPos) -> Drawn {
    text(area, content, drawn(at), TEXT_PX, MUTED, side)
}

/// Shown pixels as drawn units.
fn drawn((x, y): (i32, i32)) -> (i32, i32) {
    (x * SCALE.cast_signed(), y * SCALE.cast_signed())
}

/// How wide a small text is at most, in shown pixels: most letters are narrower.
pub(super) fn width_of(content: &str) -> i32 {
    let wide = i32::try_from(content.chars().count()).unwrap_or(i32::MAX / 16);
    wide.saturating_mul(7)
}

/// What a mark in a legend looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Square,
}

/// Rows of a legend: names beside their colours, as many in a row as fit.
pub(super) struct Legend {
    entries: Vec<(String, Colour, Mark, (i32, i32))>,
    /// How high it is, in shown pixels.
    pub(super) height: u32,
}

const LEGEND_ROW: i32 = 20;

impl Legend {
    /// Places all entries.
    pub(super) fn new(entries: impl IntoIterator<Item = (String, Colour, Mark)>) -> Self {
        let (mut x, mut y) = (4, 2);
        let mut placed = Vec::new();
        for (name, colour, mark) in entries {
            let width = 24 + width_of(&name) + 18;
            if x > 4 && x + width > 950 {
                (x, y) = (4, y + LEGEND_ROW);
            }
            placed.push((name, colour, mark, (x, y)));
            x += width;
        }
        let height = if placed.is_empty() { 0 } else { y + LEGEND_ROW + 4 };
        Self { entries: placed, height: height.unsigned_abs() }
    }

    /// Draws it at the top of an area and returns what is left below.
    pub(super) fn draw<'a>(&self, area: &Area<'a>) -> Drawn<Area<'a>> {
        for (name, colour, mark, (x, y)) in &self.entries {
            let at = |dx: i32, dy: i32| drawn((x + dx, y + dy));
            match mark {
                Mark::Line => {
                    let style = colour.light().stroke_width(2 * SCALE);
                    area.draw(&PathElement::new([at(0, 8), at(18, 8)], style))?;
                }
                Mark::Square => {
                    let style = colour.light().filled();
                    area.draw(&Rectangle::new([at(4, 3), at(14, 13)], style))?;
                }
            }
            label(area, name, (x + 24, *y), HPos::Left)?;
        }
        Ok(area.split_vertically(self.height * SCALE).1)
    }
}

/// What a chart is made of.
pub(super) struct Axes<'a> {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) x_mark: &'a dyn Fn(f64) -> String,
    pub(super) y_mark: &'a dyn Fn(f64) -> String,
    /// Whether the x axis is labelled: the last of charts above each other is.
    pub(super) labels_below: bool,
}

/// Draws axes and the lines to read values from.
pub(super) fn chart<'a, 'b>(area: &'a Area<'b>, axes: &Axes<'_>) -> Drawn<Chart<'a, 'b>> {
    let below = if axes.labels_below { BELOW } else { 6 * SCALE };
    let mut chart = ChartBuilder::on(area)
        .margin_right(RIGHT)
        .margin_top(6 * SCALE)
        .set_label_area_size(LabelAreaPosition::Left, LEFT)
        .set_label_area_size(LabelAreaPosition::Bottom, below)
        .build_cartesian_2d(axes.x.clone(), axes.y.clone())?;
    let muted = MUTED.light();
    let style =
        TextStyle::from((FONT, TEXT_PX * f64::from(SCALE) * SIZE_FACTOR).into_font()).color(&muted);
    let (grid, x_mark) =
        (
            GRID.light(),
            |value: &f64| {
                if axes.labels_below { (axes.x_mark)(*value) } else { String::new() }
            },
        );
    chart
        .configure_mesh()
        .bold_line_style(grid.stroke_width(SCALE))
        .light_line_style(grid.mix(0.55))
        .axis_style(grid.stroke_width(SCALE))
        .set_all_tick_mark_size(4 * SCALE)
        .x_label_formatter(&x_mark)
        .y_label_formatter(&|value| (axes.y_mark)(*value))
        .label_style(style)
        .draw()?;
    Ok(chart)
}

/// A line two shown pixels wide.
pub(super) fn stroke(colour: Colour, opacity: f64) -> ShapeStyle {
    colour.light().mix(opacity).stroke_width(2 * SCALE)
}

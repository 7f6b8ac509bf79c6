// Size formula with the numbers filled in, and the layer as PyTorch text.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/sections.h"
#include "app/scene/fonts.h"
#include "core/pytorch.h"

namespace convscope {
namespace {

using ui::px;

/// One line of the formula, measured in one face.
struct Line {
    std::vector<ui::TextRun> numerator, denominator, rest;
    bool has_floor = false;  // ⌊ ⌋ around the fraction
    bool is_ceil = false;    // ⌈ ⌉ instead
    float width(const PanelContext& context) const {
        const float rest_w = ui::width_of(rest);
        if (!has_floor) return ui::width_of(numerator) + rest_w;
        return fraction_w() + px(context, 5 + 2 * 10 + 8) + rest_w;
    }
    float fraction_w() const {
        return std::max(ui::width_of(numerator), ui::width_of(denominator));
    }
};

Line make_line(ImFont* font, ImFont* bold, const std::string& numerator,
               const std::string& denominator, const std::string& rest, bool impossible) {
    Line line;
    line.numerator = ui::marked_runs(font, bold, Tone::ink2, numerator);
    line.denominator = ui::marked_runs(font, bold, Tone::ink, denominator);
    line.rest = ui::marked_runs(font, bold, Tone::ink2, rest);
    line.has_floor = !denominator.empty();
    if (impossible)
        for (ui::TextRun& run : line.rest)
            if (run.tone == Tone::output_text) run.tone = Tone::error_text;
    return line;
}

/// Floor bracket, with its foot at y1: 1.4 wide, 34 high, foot 5; Inter has no sign for it.
void floor_bracket(const PanelContext& context, float x, float y0, float y1, float foot) {
    const ImVec2 points[3] = {{x, y0}, {x, y1}, {x + foot, y1}};
    ImGui::GetWindowDrawList()->AddPolyline(points, 3, ui::color(context, Tone::ink2), 0,
                                            1.4f * context.scale);
}

float draw_line(const PanelContext& context, const Line& line, float x, float y) {
    if (!line.has_floor) {
        const float middle = y + px(context, 12);
        ui::text(context, {x, middle}, line.numerator);
        ui::text(context, {x + ui::width_of(line.numerator), middle}, line.rest);
        return y + px(context, 24);
    }
    const float height = px(context, 35), foot = px(context, 5), gap = px(context, 10),
                width = line.fraction_w();
    const float left = x + px(context, 4) + 0.5f, right = left + width + 2 * gap;
    const float free_end = line.is_ceil ? y + height : y, foot_end = line.is_ceil ? y : y + height;
    floor_bracket(context, left, free_end, foot_end, foot);
    floor_bracket(context, right, free_end, foot_end, -foot);
    const float middle_x = (left + right) / 2, bar_y = std::round(y + height / 2);
    ui::text(context, {middle_x, y + px(context, 8.5f)}, line.numerator, Align::center);
    ui::text(context, {middle_x, y + px(context, 29.5f)}, line.denominator, Align::center);
    ui::fill(context, {middle_x - width / 2, bar_y, width, std::max(1.0f, px(context, 1.4f))},
             Tone::ink3);
    ui::text(context, {right + px(context, 8), bar_y}, line.rest);
    return y + px(context, 48);
}

/// "1 row and 1 column are left over: no window reaches them."
std::string leftover_text(const std::vector<SizeFormula>& formulas) {
    int64_t rows = 0, columns = 0;
    for (const SizeFormula& formula : formulas) {
        if (formula.axis != "width") rows = formula.leftover;
        if (formula.axis != "height") columns = formula.leftover;
    }
    if (rows <= 0 && columns <= 0) return "";
    std::string text;
    if (rows > 0) text = ui::counted(rows, "row");
    if (rows > 0 && columns > 0) text += " and ";
    if (columns > 0) text += ui::counted(columns, "column");
    const bool many = rows + columns > 1;
    return text + (many ? " are left over: no window reaches them."
                        : " is left over: no window reaches it.");
}

void note(const PanelContext& context, Column& column, const std::string& text, Tone tone) {
    for (const std::string& line : ui::wrapped(context.fonts.body, text, column.width())) {
        ui::text(context, context.fonts.body, tone, {column.x0, column.y + px(context, 9)}, line);
        column.y += px(context, 20);
    }
    column.y += px(context, 6);
}

bool is_below_one(const std::string& result) {
    const size_t digit = result.find_first_of("0123456789");
    return digit != std::string::npos &&
           (result.find("−") != std::string::npos || result[digit] == '0');
}

/// The formula with padding counted as the person wants it.
std::vector<SizeFormula> in_notation(std::vector<SizeFormula> formulas, bool total) {
    for (SizeFormula& formula : formulas) {
        if (!total || formula.numerator_total.empty()) continue;
        formula.numerator = formula.numerator_total;
        formula.numerator_numbers = formula.numerator_numbers_total;
    }
    return formulas;
}

/// The symbols once, then the numbers of each axis.
std::vector<Line> lines_of(const std::vector<SizeFormula>& formulas, ImFont* font, ImFont* bold,
                           bool impossible) {
    std::vector<Line> lines;
    const SizeFormula& first = formulas.front();
    lines.push_back(make_line(font, bold, first.numerator, first.denominator, first.rest, false));
    lines.back().is_ceil = first.ceil;
    for (const SizeFormula& formula : formulas) {
        std::string rest = formula.denominator.empty() ? " " : "";
        if (!formula.rest.empty()) rest += formula.rest + " ";
        rest += "= " + formula.result;
        lines.push_back(make_line(font, bold, formula.numerator_numbers,
                                  formula.denominator_numbers, rest, impossible));
        lines.back().is_ceil = formula.ceil;
    }
    return lines;
}

/// The layer's text in lines that fit beside the copy icon; continuations are indented, as in Python.
std::vector<std::string> code_lines(const PanelContext& context, const Column& column,
                                    const std::string& code) {
    std::string flat;
    for (size_t i = 0; i < code.size(); ++i) {
        if (code[i] != '\n') {
            flat += code[i];
            continue;
        }
        while (i + 1 < code.size() && code[i + 1] == ' ') ++i;
        if (!flat.ends_with(' ') && !flat.ends_with('(')) flat += ' ';
    }
    ImFont* font = context.fonts.mono_code;
    const std::string indent = "    ";
    const float room = column.width() - px(context, 12 + 34);
    std::vector<std::string> lines = ui::wrapped(font, flat, room);
    if (lines.size() < 2) return lines;
    std::string rest = flat.substr(std::min(flat.size(), lines[0].size()));
    rest.erase(0, rest.find_first_not_of(' '));
    lines.resize(1);
    for (const std::string& line :
         ui::wrapped(font, rest, room + px(context, 22) - ui::width_of(font, indent)))
        lines.push_back(indent + line);
    return lines;
}

std::string code_of(const State& state) {
    return layer_text(state.document.layers[static_cast<size_t>(state.layer)]);
}

}  // namespace

std::optional<Shape> layer_input(const State& state) {
    if (state.layer == 0) return state.document.input.tensor.shape();
    const auto before = static_cast<size_t>(state.layer - 1);
    if (!state.result || before >= state.result->layers.size()) return {};
    return state.result->layers[before].output().shape();
}

void formula_section(PanelContext& context, Column& column) {
    const State& state = context.app.state;
    const Layer& layer = state.document.layers[static_cast<size_t>(state.layer)];
    const std::optional<Shape> input = layer_input(state);
    const bool impossible = state.problem && state.problem_layer == state.layer;
    std::vector<SizeFormula> formulas;
    if (input)
        formulas = in_notation(
            layer.op->size_formula(layer.params,
                                   layer.op->plan(layer.params, *input, state.document.training), *input),
            state.settings.padding_total);
    const std::string axes = formulas.size() == 1 ? formulas[0].axis
                             : formulas.empty()   ? ""
                                                  : "height, then width";
    begin_section(context, column, "Output size", {.title = "Output size", .note = axes});
    column.y = column.y + column.row_px / 2 - px(context, 12);
    if (formulas.empty()) {
        note(context, column,
             impossible ? "The size cannot be told until the layer is possible again."
                        : "Same as the input.",
             Tone::ink3);
        return;
    }
    const struct {
        ImFont *font, *bold;
    } faces[] = {{context.fonts.mono, context.fonts.mono_bold},
                 {context.fonts.mono_code, context.fonts.mono_bold},
                 {context.fonts.mono_small, context.fonts.mono_small_bold},
                 {context.fonts.mono_index, context.fonts.mono_small_bold}};
    std::vector<Line> lines;
    for (const auto& face : faces) {
        lines = lines_of(formulas, face.font, face.bold, impossible);
        float widest = 0;
        for (const Line& line : lines) widest = std::max(widest, line.width(context));
        if (widest <= column.width()) break;
    }
    for (const Line& line : lines) column.y = draw_line(context, line, column.x0, column.y);
    if (!lines.back().has_floor) column.y += px(context, 10);
    if (impossible && is_below_one(formulas.back().result)) {
        note(context, column, "A size below 1 has no cells to show.", Tone::error_text);
    } else if (const std::string text = leftover_text(formulas); !text.empty()) {
        note(context, column, text, Tone::ink3);
    }
    column.y -= px(context, 9);
}

float code_height(const PanelContext& context, const Column& column) {
    const auto lines =
        static_cast<float>(code_lines(context, column, code_of(context.app.state)).size());
    const bool refused =
        context.app.state.problem && context.app.state.problem_layer == context.app.state.layer;
    return px(context, 9 + 36 + 18) + lines * px(context, 18) + (refused ? px(context, 26) : 0) +
           px(context, 14);
}

void code_section(PanelContext& context, Column& column) {
    App& app = context.app;
    begin_section(context, column, "PyTorch", {.title = "PyTorch"});
    column.y += column.row_px / 2 - px(context, 14);
    code_box(context, column, code_of(app.state), "PyTorch/copy");
    if (app.state.problem && app.state.problem_layer == app.state.layer) {
        ui::text(context, context.fonts.body, Tone::ink3, {column.x0, column.y + px(context, 18)},
                 "PyTorch refuses this layer too.");
        column.y += px(context, 26);
    }
}

void code_box(PanelContext& context, Column& column, const std::string& code, const char* copy_label) {
    App& app = context.app;
    const std::vector<std::string> lines = code_lines(context, column, code);
    const float line_h = px(context, 18);
    const Box box{column.x0, column.y, column.width(),
                  px(context, 18) + line_h * static_cast<float>(lines.size())};
    ui::fill(context, box, Tone::raised, 6);
    ui::frame(context, box, Tone::line, 1, 6);
    float y = box.y + px(context, 9) + line_h / 2;
    for (const std::string& line : lines) {
        ui::text(context, context.fonts.mono_code, Tone::ink, {box.x + px(context, 12), y}, line);
        y += line_h;
    }
    const Box copy{box.right() - px(context, 30), box.y + px(context, 3), px(context, 26),
                   px(context, 26)};
    if (ui::icon_button(context, copy_label, copy, icon::kCopy, ui::Border::none,
                        {.tooltip = "Copy this line"}) &&
        app.host.set_clipboard) {
        app.host.set_clipboard(code);
        say(app, "Copied the PyTorch line.");
    }
    column.y = box.bottom();
}

}  // namespace convscope

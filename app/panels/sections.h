// Sections of the left and right panel, each drawn down a column.
#pragma once

#include <string>

#include "app/panels/widgets.h"

namespace convscope {

/// Where the next row goes. Rows are 34 high, 31 in a low window; fields 28.
struct Column {
    float x0 = 0, x1 = 0;
    float y = 0;
    float row_px = 0, field_px = 0;
    bool low = false, begun = false;
    float width() const { return x1 - x0; }
    /// The next row's field box from `x` on, and on to the row after it.
    Box row(float x, float right) {
        const Box box{x, y + (row_px - field_px) / 2, right - x, field_px};
        y += row_px;
        return box;
    }
};
Column make_column(const PanelContext& context, const Box& panel, bool low);
/// Begins a section: rule, title, note. `name` is what a rail's icon scrolls to.
void begin_section(const PanelContext& context, Column& column, const char* name,
                   const ui::SectionTitle& title);

// ---- Left (parameters.cpp, weights_section.cpp, vectors_section.cpp, input_section.cpp, gradient_section.cpp)

void parameter_panel(PanelContext& context, const Box& panel, bool low);
void field_section(PanelContext& context, Column& column);
void weights_section(PanelContext& context, Column& column);
/// A layer without kernels whose weights are one number a channel (vectors_section.cpp).
void vector_section(PanelContext& context, Column& column);
/// Fields of the weights that are vectors, for one channel.
void weight_vector_rows(PanelContext& context, Column& column, int64_t chosen);
/// Batches and what a layer keeps from one to the next.
void batch_section(PanelContext& context, Column& column);
/// Where the backward pass starts.
void gradient_section(PanelContext& context, Column& column);
void input_section(PanelContext& context, Column& column);
void colour_section(PanelContext& context, Column& column);
/// The problem under the field that caused it, with its remedies.
void problem_rows(PanelContext& context, Column& column);
bool problem_belongs_to(const App& app, std::string_view key);

// ---- Right (inspector.cpp, formula_section.cpp, ledger_section.cpp, cursor_section.cpp)

void inspector_panel(PanelContext& context, const Box& panel, bool low);
void formula_section(PanelContext& context, Column& column);
/// The shape that reaches the chosen layer; none while the layers before it are not computed.
std::optional<Shape> layer_input(const State& state);
/// The size formula read the other way round (size_section.cpp).
void input_sizes_section(PanelContext& context, Column& column);
/// Code that can be copied, in a frame.
void code_box(PanelContext& context, Column& column, const std::string& code, const char* copy_label);
/// `bottom`: where what comes below must begin at the latest; longer tables scroll by themselves.
void ledger_section(PanelContext& context, Column& column, float bottom);
/// The input under the window and the kernel, where the pointer is on a map. False: there is nothing to show.
bool cursor_section(PanelContext& context, Column& column);
void code_section(PanelContext& context, Column& column);
/// Height of the code section.
float code_height(const PanelContext& context, const Column& column);

// ---- Edits (field_edits.cpp)

/// Quiet words where a section has nothing else to show; long ones wrap.
void quiet_line(const PanelContext& context, Column& column, std::string_view text,
                Tone tone = Tone::ink3);
/// The face in which a row's label fits: the usual one, or a smaller one.
ImFont* label_font(const PanelContext& context, std::string_view label, float width);

/// The document that a gesture starts from: what was typed on the way to "15" must not have cut a kernel to size 1.
const Document& gesture_base(const App& app, const std::string& gesture);
/// After a field was drawn: ends the gesture, or takes it back.
void finish_gesture(App& app, const ui::TextEdit& edit, const std::string& gesture);
/// A row with a label and a field for a typed value. `apply` gets what was typed, and says whether it could be read.
struct NumberRow {
    std::string label, shown, help, gesture;
    std::string field = {};                        // what scripts call it; empty: the label
    std::function<std::string(int)> stepped = {};  // null: no − and +
    bool can_lower = true, can_raise = true;
    /// None: done. A sentence: why not; an empty one: it could not be read.
    std::function<std::optional<std::string>(const std::string& typed)> apply = {};
    std::string expected = {};  // "a whole number"
    bool error = false;
    bool waits = false;  // applied when the field is left, not while typing
};
void number_row(PanelContext& context, Column& column, float field_x, const NumberRow& row);

}  // namespace convscope

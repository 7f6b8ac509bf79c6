// Cells of inputs and weights: what stands behind them, setting, filling, copying and pasting planes.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "core/io/paste.h"

namespace convscope {
namespace {

const char* const kKernelSize = "kernel_size";

/// The plane (n, c) of a tensor becomes `plane` (1×1×H×W).
Tensor with_plane(Tensor tensor, int64_t n, int64_t c, const Tensor& plane) {
    const Shape shape = tensor.shape();
    const auto first = static_cast<size_t>(shape.offset({n, c, 0, 0}));
    std::copy(plane.values().begin(), plane.values().end(), tensor.mutate().begin() + static_cast<std::ptrdiff_t>(first));
    return tensor;
}

bool whole_numbers(const Tensor& tensor) {
    const auto values = tensor.values();
    const size_t stride = std::max<size_t>(1, values.size() / 1000);
    for (size_t i = 0; i < values.size(); i += stride)
        if (values[i] != std::round(values[i])) return false;
    return true;
}

/// Random numbers of the kind that stand there: whole ones stay whole.
std::string random_kind(const Tensor& tensor, const Ref& ref) {
    if (!whole_numbers(tensor)) return ref.source == Source::input ? "uniform" : "normal";
    return ref.source == Source::input ? "integers 0–9" : "integers −2–2";
}

std::string plane_words(const Ref& ref) {
    return ref.source == Source::input ? "input" : ref.which == 0 ? "kernel" : "bias";
}

/// The block goes in from `ref` on; what lies beyond the plane's edge is left out and said.
bool paste_block(App& app, const Ref& ref, Tensor target, const Tensor& block) {
    const Shape plane = target.shape(), size = block.shape();
    const bool whole = size.h == plane.h && size.w == plane.w;
    const Index from = whole ? Index{ref.cell.n, ref.cell.c, 0, 0} : ref.cell;
    const int64_t rows = std::min(size.h, plane.h - from.h), columns = std::min(size.w, plane.w - from.w);
    const auto values = target.mutate();
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < columns; ++c)
            values[static_cast<size_t>(plane.offset({from.n, from.c, from.h + r, from.w + c}))] =
                block.at({0, 0, r, c});
    if (rows < size.h || columns < size.w)
        say(app, fmt::format("Pasted {}×{} of {}×{} numbers: the rest lies beyond the {}'s edge.", rows, columns,
                             size.h, size.w, plane_words(ref)));
    edit(app, with_tensor(app.state, ref, std::move(target)));
    return true;
}

/// A block larger than the kernel: kernel_size becomes its size.
bool paste_larger_kernel(App& app, const Ref& ref, const Tensor& block) {
    State& state = app.state;
    const Shape size = block.shape();
    const Op& op = *state.document.layers[static_cast<size_t>(state.layer)].op;
    const int field = field_index(op, kKernelSize);
    const std::string sentence = fmt::format("The numbers are {}×{}, the {} is smaller.", size.h, size.w, plane_words(ref));
    if (ref.which != 0 || field < 0) return refuse(app, sentence + " Paste fewer numbers.");
    const Document resized = with_param(state.document, state.layer, kKernelSize, Pair{size.h, size.w});
    const Result plans = plan_only(resized);
    const Tensor& weight = resized.layers[static_cast<size_t>(state.layer)].weights[0];
    if (plans.problem) return refuse(app, plans.problem->whole());
    if (weight.shape().h != size.h || weight.shape().w != size.w) return refuse(app, sentence);
    edit(app, with_weight(resized, state.layer, 0, with_plane(weight, ref.cell.n, ref.cell.c, block)));
    return true;
}

}  // namespace

bool is_op_shown(const State& state) {
    const auto layer = static_cast<size_t>(state.layer);
    return state.result && layer < state.result->layers.size() &&
           layer < state.document.layers.size() &&
           state.result->document.layers[layer].op == state.document.layers[layer].op;
}

const Tensor* edited_tensor(const State& state, const Ref& ref) {
    if (ref.source == Source::input) return state.layer == 0 ? &state.document.input.tensor : nullptr;
    if (ref.source != Source::weight || state.layer >= static_cast<int>(state.document.layers.size())) return nullptr;
    const Layer& layer = state.document.layers[static_cast<size_t>(state.layer)];
    if (!is_op_shown(state)) return nullptr;
    if (ref.which < 0 || ref.which >= static_cast<int>(layer.weights.size())) return nullptr;
    return &layer.weights[static_cast<size_t>(ref.which)];
}

Document with_tensor(const State& state, const Ref& ref, Tensor tensor) {
    // Values that a person touched are no longer those of a generator or a file.
    if (ref.source == Source::input) return with_input(state.document, {std::move(tensor), {}});
    return with_weight(state.document, state.layer, ref.which, std::move(tensor));
}

const Tensor* shown_tensor(const App& app, const Ref& ref) {
    const LayerResult* layer = layer_result(app);
    if (!layer) return nullptr;
    const auto in = [&](const std::vector<Tensor>& tensors) {
        const auto i = static_cast<size_t>(ref.which);
        return ref.which >= 0 && i < tensors.size() && !tensors[i].empty() ? &tensors[i] : nullptr;
    };
    switch (ref.source) {
        case Source::input: return &layer->input;
        case Source::weight: return in(app.state.result->document.layers[static_cast<size_t>(shown_layer(app))].weights);
        case Source::stage: return in(layer->stages);
        case Source::grad_output: return layer->grad_output.empty() ? nullptr : &layer->grad_output;
        case Source::buffer:
        case Source::constant: break;
    }
    return nullptr;
}

std::optional<Ref> cell_ref(const Scene& scene, const CellRef& cell) {
    const Grid* grid = scene.grid(cell.grid);
    if (!grid || !grid->holds(cell.row, cell.column)) return {};
    if (const Cell* shown = grid->cell(cell.row, cell.column)) {
        if (shown->state == CellState::padding || shown->state == CellState::padding_read) return {};
        if (shown->state == CellState::cropped) return {};
        if (shown->ref.source != Source::constant)
            return shown->ref.cell.h < 0 || shown->ref.cell.w < 0 ? std::nullopt : std::optional(shown->ref);
        if (shown->state == CellState::ground || shown->state == CellState::product ||
            shown->state == CellState::product_now)
            return {};
    }
    // Outside the plane: padding, or sums that a transposed layer crops off.
    if (grid->origin.source == Source::constant || cell.row < 0 || cell.column < 0) return {};
    Ref ref = grid->origin;
    ref.cell.h = cell.row;
    ref.cell.w = cell.column;
    return ref;
}

bool editable(const Scene& scene, const CellRef& cell) {
    const Grid* grid = scene.grid(cell.grid);
    const auto ref = cell_ref(scene, cell);
    if (!grid || !grid->editable || !ref) return false;
    const Cell* shown = grid->cell(cell.row, cell.column);
    return ref->source == Source::input || ref->source == Source::weight || (shown && is_answer(shown->state));
}

float value_at(const App& app, const Ref& ref) {
    const Tensor* tensor = shown_tensor(app, ref);
    return tensor && tensor->shape().contains(ref.cell) ? tensor->at(ref.cell) : 0;
}

std::optional<float> document_value(const App& app, const Ref& ref) {
    const Tensor* tensor = edited_tensor(app.state, ref);
    if (!tensor || tensor->empty() || !tensor->shape().contains(ref.cell)) return {};
    return tensor->at(ref.cell);
}

void set_value(App& app, const Ref& ref, float value, const std::string& gesture) {
    const auto before = document_value(app, ref);
    if (!before || *before == value) return;
    Tensor tensor = *edited_tensor(app.state, ref);
    tensor.set(ref.cell, value);
    edit(app, with_tensor(app.state, ref, std::move(tensor)), gesture);
}

void set_values(App& app, const std::vector<Ref>& refs, float value, const std::string& gesture) {
    const Tensor* before = refs.empty() ? nullptr : edited_tensor(app.state, refs.front());
    if (!before || before->empty()) return;
    Tensor tensor = *before;
    const auto values = tensor.mutate();
    bool changed = false;
    for (const Ref& ref : refs) {
        if (!tensor.shape().contains(ref.cell)) continue;
        float& cell = values[static_cast<size_t>(tensor.shape().offset(ref.cell))];
        changed = changed || cell != value;
        cell = value;
    }
    if (changed) edit(app, with_tensor(app.state, refs.front(), std::move(tensor)), gesture);
}

void select_cell(App& app, const Scene& scene, const CellRef& cell) {
    const auto ref = cell_ref(scene, cell);
    if (!ref || !editable(scene, cell)) return;
    app.state.selection.edit = CellEdit{cell, *ref, "", false};
}

bool pin(App& app, const Ref& ref) {
    const Tensor* tensor = shown_tensor(app, ref);
    if (!tensor || tensor->empty() || ref.source == Source::grad_output || !tensor->shape().contains(ref.cell))
        return false;
    app.state.selection.pinned = ref;
    app.state.selection.telling.reset();
    return true;
}

bool pin_output(App& app, Index cell) {
    const LayerResult* layer = layer_result(app);
    return layer && pin(app, {Source::stage, layer->plan.output, cell});
}

void select_nothing(App& app) {
    app.state.selection.edit.reset();
    app.state.selection.pinned.reset();
    app.state.selection.telling.reset();
}

std::optional<Ref> chosen_plane(const App& app) {
    const Selection& selection = app.state.selection;
    if (selection.edit) return selection.edit->ref;
    const LayerResult* layer = layer_result(app);
    if (!selection.pinned || !layer) return {};
    return selection.pinned;
}

void fill_plane(App& app, const Ref& ref, const std::string& kind) {
    const Tensor* tensor = edited_tensor(app.state, ref);
    if (!tensor || tensor->empty() || !tensor->shape().contains(ref.cell)) return;
    const bool random = kind == "random";
    const Tensor plane = generate(random ? random_kind(*tensor, ref) : kind, random ? app.state.next_seed++ : 0,
                                  {1, 1, tensor->shape().h, tensor->shape().w});
    edit(app, with_tensor(app.state, ref, with_plane(*tensor, ref.cell.n, ref.cell.c, plane)));
}

std::string copy_plane(const App& app, const Ref& ref) {
    const Tensor* tensor = edited_tensor(app.state, ref);
    if (!tensor) tensor = shown_tensor(app, ref);
    if (!tensor || tensor->empty() || !tensor->shape().contains(ref.cell)) return "";
    return to_clipboard_text(*tensor, ref.cell.n, ref.cell.c);
}

bool paste_plane(App& app, const Ref& ref, const std::string& text) {
    const PasteResult pasted = parse_numbers(text);
    if (!pasted.ok()) return refuse(app, pasted.error);
    const Tensor* target = edited_tensor(app.state, ref);
    if (!target || target->empty() || !target->shape().contains(ref.cell))
        return refuse(app, "There is no plane to paste into. Select a cell of the input or of a kernel.");
    const Shape size = pasted.tensor.shape(), plane = target->shape();
    if (size.count() == 0) return refuse(app, "There are no numbers in the pasted text.");
    if (size == plane && size.n * size.c > 1) {
        edit(app, with_tensor(app.state, ref, pasted.tensor));
        return true;
    }
    if (size.n * size.c > 1) {
        if (ref.source == Source::input) return paste_input(app, text);
        return refuse(app, fmt::format("The numbers are {}, the weight is {}. Paste one plane of rows and columns, or "
                                       "all of {}.", to_string(size), to_string(plane), to_string(plane)));
    }
    if (size.h <= plane.h && size.w <= plane.w) return paste_block(app, ref, *target, pasted.tensor);
    if (ref.source == Source::weight) return paste_larger_kernel(app, ref, pasted.tensor);

    // A larger input: the plane is the pasted one, other planes get zeros around.
    Shape grown = plane;
    grown.h = size.h;
    grown.w = size.w;
    if (const auto problem = size_problem(grown, "The input")) return refuse(app, problem->whole());
    Document typed = app.state.document;
    typed.input.origin = {};  // so that resizing keeps the other planes
    const Tensor resized = with_input_shape(typed, grown).input.tensor;
    edit(app, with_input(app.state.document, {with_plane(resized, ref.cell.n, ref.cell.c, pasted.tensor), {}}));
    return true;
}

bool paste_input(App& app, const std::string& text) {
    const PasteResult pasted = parse_numbers(text);
    if (!pasted.ok()) return refuse(app, pasted.error);
    if (pasted.tensor.shape().count() == 0) return refuse(app, "There are no numbers in the pasted text.");
    edit(app, with_input(app.state.document, {pasted.tensor, {}}));
    return true;
}

}  // namespace convscope

// The output size read the other way round: input sizes that give it, and the layer that leads back to each.
#include <algorithm>

#include <fmt/format.h>

#include "app/panels/sections.h"
#include "core/input_sizes.h"
#include "core/pytorch.h"

namespace convscope {
namespace {

using ui::px;

/// One axis, or both where everything about them agrees.
struct Block {
    std::string axis;  // "height", "width", "height = width"
    bool height = true, width = true;
    int64_t now = 0, wanted = 0;  // the input's size, and the output's that is looked up
    InputSizes sizes;
    Pair set(Pair pair, int64_t value) const {
        if (height) pair.h = value;
        if (width) pair.w = value;
        return pair;
    }
};

std::vector<Block> blocks_of(const Layer& layer, Shape input, bool training, Pair wanted) {
    Block both{.axis = "height = width", .now = input.h, .wanted = wanted.h};
    both.sizes = input_sizes(layer, input, training, Axis::height, wanted.h);
    Block width{.axis = "width", .height = false, .now = input.w, .wanted = wanted.w};
    width.sizes = input_sizes(layer, input, training, Axis::width, wanted.w);
    if (input.h == input.w && wanted.h == wanted.w && both.sizes.last == width.sizes.last &&
        both.sizes.listed == width.sizes.listed && both.sizes.choice == width.sizes.choice)
        return {both};
    both.axis = "height";
    both.width = false;
    return {both, width};
}

/// A row of a small table of numbers.
struct SizeRow {
    std::string label;  // of the item, where it can be pressed
    int64_t size = 0;
    Tone tone = Tone::input_text;
    std::vector<std::string> others;
    bool is_now = false, can_press = false;
    std::string help;
};

/// The heads of the columns, the first one left, the others right aligned.
void head_row(const PanelContext& context, Column& column, const std::vector<std::string>& heads) {
    const float middle = column.y + px(context, 9);
    ImFont* font = context.fonts.small;
    ui::text(context, font, Tone::ink3, {column.x0, middle}, heads.front());
    float right = column.x1;
    for (size_t i = heads.size() - 1; i > 0; --i) {
        ui::text(context, font, Tone::ink3, {right, middle}, heads[i], Align::right);
        right -= ui::width_of(font, heads[i]) + px(context, 16);
    }
    column.y += px(context, 22);
}

bool number_line(PanelContext& context, Column& column, const SizeRow& row,
                 const std::vector<std::string>& heads) {
    const Box box{column.x0 - px(context, 8), column.y, column.width() + px(context, 16),
                  px(context, 24)};
    const bool can_press = row.can_press && !row.is_now;
    bool pressed = false;
    if (can_press) {
        const ui::Item it = ui::item(context, row.label.c_str(), box, {.tooltip = row.help});
        if (it.hovered || it.focused) ui::fill(context, box, Tone::hover, 6);
        if (it.focused) ui::focus_ring(context, box);
        pressed = it.pressed;
    } else if (row.is_now) {
        ui::fill(context, box, Tone::raised, 6);
        ui::frame(context, box, Tone::ink, 1.5f, 6);
    }
    ImFont* font = row.is_now ? context.fonts.mono_bold : context.fonts.mono;
    const float middle = box.center().y;
    ui::text(context, font, row.tone, {column.x0, middle}, fmt::format("{}", row.size));
    float right = column.x1;
    for (size_t i = row.others.size(); i > 0; --i) {
        ui::text(context, font, Tone::ink, {right, middle}, row.others[i - 1], Align::right);
        right -= ui::width_of(context.fonts.small, heads[i]) + px(context, 16);
    }
    column.y += px(context, 24);
    return pressed;
}

std::string size_text(Pair size) { return fmt::format("{} × {}", size.h, size.w); }

void wish_row(PanelContext& context, Column& column, Pair now, Pair wanted) {
    State& state = context.app.state;
    NumberRow row{.label = "output",
                  .shown = size_text(wanted),
                  .help = "Height × width of an output: which inputs give it? Empty: the output as it is",
                  .gesture = "wanted output",
                  .field = "Input sizes/output"};
    row.stepped = [=](int step) {
        return size_text({std::max<int64_t>(1, wanted.h + step), std::max<int64_t>(1, wanted.w + step)});
    };
    row.can_lower = std::max(wanted.h, wanted.w) > 1;
    row.expected = "a whole number, or two such as 5 × 7";
    row.waits = true;
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        if (typed.find_first_not_of(' ') == std::string::npos) {
            state.wanted_output.reset();
            return {};
        }
        const auto read = parse_value(typed, Value(Pair{}), {});
        if (!read) return "";
        const Pair size = std::get<Pair>(*read);
        if (std::min(size.h, size.w) < 1) return "An output has at least one row and one column.";
        state.wanted_output = size;
        if (size == now) state.wanted_output.reset();
        return {};
    };
    number_row(context, column, column.x0 + std::round(std::min(px(context, 104), column.width() * 0.5f)), row);
}

/// "No input gives 8: 4 gives 7, 5 gives 9."
std::string nothing_text(const Block& block) {
    std::string text = fmt::format("No input gives {}", block.wanted);
    const auto& below = block.sizes.below;
    const auto& above = block.sizes.above;
    if (below) text += fmt::format(": {} gives {}", below->in, below->out);
    if (above) text += fmt::format("{} {} gives {}", below ? "," : ":", above->in, above->out);
    return text + ".";
}

/// Nothing gives that output: what comes near, and the parameter that would make it.
void nothing_rows(PanelContext& context, Column& column, const Block& block, const Layer& layer,
                  const std::string& chooser) {
    App& app = context.app;
    quiet_line(context, column, nothing_text(block), Tone::ink2);
    if (!block.sizes.choice || chooser.empty()) return;
    const std::string with = fmt::format("{} {}", chooser, *block.sizes.choice);
    const std::string makes = fmt::format("With {} the input {} gives {}.", with,
                                          block.sizes.choice_in, block.wanted);
    quiet_line(context, column, makes, Tone::ink2);
    if (block.sizes.choice_in != block.now) return;
    const Value now = layer.params[static_cast<size_t>(field_index(*layer.op, chooser))];
    const std::string label = fmt::format("Use {}##{}", with, block.axis);
    column.y += px(context, 4);
    if (ui::button(context, label.c_str(), {column.x0, column.y, column.width(), px(context, 28)}))
        edit(app, with_param(app.state.document, app.state.layer, chooser,
                             block.set(std::get<Pair>(now), *block.sizes.choice)));
    column.y += px(context, 34);
}

/// Makes the layer's input that size: of the first layer the document's input, of another the one of the chain that gives
/// it, or says that none does.
void make_input(App& app, const Block& block, int64_t size) {
    const Document& document = app.state.document;
    Shape shape = document.input.tensor.shape();
    for (const Axis axis : {Axis::height, Axis::width}) {
        if (!(axis == Axis::height ? block.height : block.width)) continue;
        const ChainInput found = chain_input(document, app.state.layer, axis, size);
        if (!found.in) {
            std::string text = fmt::format("No input of the chain gives this layer {}", size);
            if (found.below) text += fmt::format(": {} gives {}", found.below->in, found.below->out);
            if (found.above) text += fmt::format("{} {} gives {}", found.below ? "," : ":", found.above->in, found.above->out);
            say(app, text + ".", true);
            return;
        }
        (axis == Axis::height ? shape.h : shape.w) = *found.in;
    }
    app.state.wanted_output.reset();
    if (const auto problem = size_problem(shape, "The input"))
        say(app, problem->whole(), true);
    else
        edit(app, with_input_shape(document, shape));
}

/// The sizes of one axis, a row each; pressed: the input gets that size.
void size_rows(PanelContext& context, Column& column, const Block& block, const Layer& layer,
               const std::string& back_chooser, const std::string& own_chooser) {
    App& app = context.app;
    const InputSizes& sizes = block.sizes;
    if (sizes.last < sizes.first) {
        nothing_rows(context, column, block, layer, own_chooser);
        return;
    }
    if (sizes.listed.empty()) {
        quiet_line(context, column, fmt::format("The formula gives {}, but the layer is impossible on such an input.", block.wanted));
        return;
    }
    const bool has_leftover =
        std::ranges::any_of(sizes.listed, [](const InputSize& size) { return size.leftover != 0; });
    std::vector<std::string> heads{block.axis};
    if (has_leftover) heads.emplace_back("left over");
    if (!back_chooser.empty()) heads.push_back(back_chooser);
    head_row(context, column, heads);
    const bool is_first = app.state.layer == 0;
    for (const InputSize& size : sizes.listed) {
        SizeRow row{.label = fmt::format("Input sizes/{} {}", block.axis, size.in), .size = size.in};
        row.is_now = size.in == block.now;
        row.can_press = true;
        row.help = is_first ? fmt::format("Makes the input's {} {}", block.axis, size.in)
                            : fmt::format("Changes the chain's input so that this layer gets {} {}", block.axis, size.in);
        if (has_leftover)
            row.others.push_back(size.leftover > 0 ? fmt::format("{}", size.leftover) : "0");
        if (!back_chooser.empty())
            row.others.push_back(size.chooses ? fmt::format("{}", *size.chooses) : "none");
        if (number_line(context, column, row, heads)) make_input(app, block, size.in);
    }
    const int64_t more = sizes.last - sizes.listed.back().in;
    if (more > 0)
        quiet_line(context, column,
                   sizes.is_open ? "and every larger size."
                                           : fmt::format("and {} more, up to {}.", more, sizes.last));
    column.y += px(context, 4);
}

/// The layer that leads back, as it restores the input as it is where it can, and what it does.
void back_rows(PanelContext& context, Column& column, const std::vector<Block>& blocks, Layer back,
               const std::string& chooses) {
    Pair chosen;
    bool restores = true;
    std::string to;
    for (const Block& block : blocks) {
        const auto& listed = block.sizes.listed;
        if (listed.empty()) return;
        const auto at = std::ranges::find(listed, block.now, &InputSize::in);
        const InputSize& size = at == listed.end() ? listed.front() : *at;
        const auto least = size_from(*back.op, back.params, {1, 1, block.wanted, block.wanted},
                                     block.height ? Axis::height : Axis::width);
        restores = restores && (chooses.empty() ? least == size.in : size.chooses.has_value());
        chosen = block.set(chosen, size.chooses.value_or(0));
        to += (to.empty() ? "" : "×") + fmt::format("{}", size.in);
        if (block.height && block.width) to += fmt::format("×{}", size.in);
    }
    if (!chooses.empty())
        back.params[static_cast<size_t>(field_index(*back.op, chooses))] = chosen;
    column.y += px(context, 4);
    if (!restores && !chooses.empty()) {
        quiet_line(context, column,
                   fmt::format("No {} leads back to {}: the padding has more cells behind than before.",
                               back.op->torch_name, to));
        return;
    }
    quiet_line(context, column, restores ? fmt::format("Back to {}, the size and not the values", to)
                                         : std::string("The convolution of the same window"));
    column.y += px(context, 4);
    code_box(context, column, layer_text(back), "Input sizes/copy");
    column.y += px(context, 6);
}

/// A layer of the other direction chooses with this layer's parameter: the sizes that it cannot tell apart.
void choice_rows(PanelContext& context, Column& column, const Block& block, const Layer& layer,
                 const Layer& back, int64_t channels, const std::string& chooser) {
    App& app = context.app;
    const Axis axis = block.height ? Axis::height : Axis::width;
    const Shape shape{1, 1, block.wanted, block.wanted};
    const auto to = size_from(*back.op, back.params, shape, axis);
    const int64_t from = block.sizes.listed.empty() ? 0 : block.sizes.listed.front().in;
    if (!to || from < 1) return;
    if (*to != from) {
        quiet_line(context, column, fmt::format("It makes {} of {}, and not {}: {} is a stride or more.",
                                                *to, block.wanted, from, chooser));
        return;
    }
    const Value& now = layer.params[static_cast<size_t>(field_index(*layer.op, chooser))];
    const Pair set = std::get<Pair>(now);
    const Shape one{1, channels, block.wanted, block.wanted};
    const InputSizes twins = input_sizes(back, one, true, axis, from);
    if (twins.listed.size() < 2) return;
    const std::vector<std::string> heads{fmt::format("it makes {} of", from), chooser};
    column.y += px(context, 4);
    head_row(context, column, heads);
    for (const InputSize& twin : twins.listed) {
        if (!twin.chooses) continue;
        SizeRow row{.label = fmt::format("Input sizes/{} to {}", block.axis, twin.in), .size = twin.in};
        row.tone = Tone::output_text;
        row.others = {fmt::format("{}", *twin.chooses)};
        row.is_now = (axis == Axis::height ? set.h : set.w) == *twin.chooses && twin.in == block.wanted;
        row.can_press = true;
        row.help = fmt::format("Makes {} {}", chooser, *twin.chooses);
        if (number_line(context, column, row, heads)) {
            app.state.wanted_output.reset();
            edit(app, with_param(app.state.document, app.state.layer, chooser, block.set(set, *twin.chooses)));
        }
    }
}

}  // namespace

void input_sizes_section(PanelContext& context, Column& column) {
    State& state = context.app.state;
    const Layer layer = state.document.layers[static_cast<size_t>(state.layer)];
    const std::optional<Shape> input = layer_input(state);
    if (!input) return;
    const Plan plan = layer.op->plan(layer.params, *input, state.document.training);
    if (plan.problem || keeps_size(layer, *input)) return;
    if (state.popups.input_sizes) {
        ImGui::GetStateStorage()->SetInt(ImGui::GetID("scroll to section"),
                                         static_cast<int>(ImGui::GetID("Input sizes")));
        ui::focus_item("Inspector", "##Input sizes/output");
        state.popups.input_sizes = false;
    }
    const Shape output = plan.output_stage().shape;
    const Pair now{output.h, output.w}, wanted = state.wanted_output.value_or(now);
    begin_section(context, column, "Input sizes",
                  {.title = "Input sizes",
                   .note = fmt::format("that give {}×{}", wanted.h, wanted.w)});
    wish_row(context, column, now, wanted);
    const std::vector<Block> blocks =
        blocks_of(layer, *input, state.document.training, wanted);
    const std::optional<Layer> back = layer_back(layer);
    const std::string chooses = back ? layer.op->way_back(layer.params).chooses : "";
    const std::string own = back && back->op->way_back ? back->op->way_back(back->params).chooses : "";
    for (const Block& block : blocks) size_rows(context, column, block, layer, chooses, own);
    if (!back) return;
    back_rows(context, column, blocks, *back, chooses);
    if (!own.empty() && field_index(*layer.op, own) >= 0)
        for (const Block& block : blocks) choice_rows(context, column, block, layer, *back, output.c, own);
}

}  // namespace convscope

// Weights and buffers with one number a channel: fields of the chosen channel; and the batches that fill the buffers.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/panels/sections.h"
#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "core/chain_edits.h"
#include "core/number_text.h"

namespace convscope {
namespace {

using ui::px;

/// Small numbers beside small ones: tenths, else ones.
float stepped_number(float value, int step, bool in_tenths) {
    const double size = in_tenths || value != std::round(value) ? 0.1 : 1;
    const double next = static_cast<double>(value) + step * size;
    return static_cast<float>(std::round(next * 1e6) / 1e6);
}

/// Room for a long name beside a field of some digits.
float vector_field_x(const PanelContext& context, const Column& column, float widest) {
    const float most = column.width() - px(context, 96);
    return column.x0 + std::round(std::min(std::max(px(context, 96), widest + px(context, 8)), most));
}

/// The layers that a gesture started from still have this tensor.
Tensor* tensor_of(std::vector<Tensor> Layer::*kind, Document& document, int layer, size_t which) {
    const auto at = static_cast<size_t>(layer);
    if (at >= document.layers.size() || (document.layers[at].*kind).size() <= which) return nullptr;
    return &(document.layers[at].*kind)[which];
}

struct VectorField {
    std::string label, field, help;
    std::vector<Tensor> Layer::*kind = &Layer::weights;
    size_t which = 0;
    int64_t channel = 0;
    bool in_tenths = false;
};

void vector_row(PanelContext& context, Column& column, float field_x, const VectorField& shown) {
    App& app = context.app;
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    const std::vector<Tensor>& tensors = layer.*shown.kind;
    if (shown.which >= tensors.size() || !tensors[shown.which].shape().contains({0, shown.channel, 0, 0})) return;
    const float value = tensors[shown.which].at({0, shown.channel});
    const int number = app.state.layer;
    const std::string gesture = fmt::format("{} {} {}", shown.field, number, shown.channel);
    NumberRow row{.label = shown.label,
                  .shown = full_text(value),
                  .help = shown.help,
                  .gesture = gesture,
                  .field = shown.field};
    row.stepped = [value, tenths = shown.in_tenths](int step) {
        return full_text(stepped_number(value, step, tenths));
    };
    row.can_lower = row.can_raise = std::isfinite(value);
    row.expected = "a number";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(0.0), {});
        if (!read) return "";
        const auto next = static_cast<float>(std::get<double>(*read));
        Document base = gesture_base(app, gesture);
        Tensor* tensor = tensor_of(shown.kind, base, number, shown.which);
        if (!tensor || next == value) return {};
        Tensor changed = *tensor;
        changed.set({0, shown.channel}, next);
        const int which = static_cast<int>(shown.which);
        if (shown.kind == &Layer::weights)
            edit(app, with_weight(std::move(base), number, which, std::move(changed)), gesture);
        else
            edit(app, with_buffer(std::move(base), number, which, std::move(changed)), gesture);
        return {};
    };
    number_row(context, column, field_x, row);
}

/// One number for each channel, of the document and of the plan.
bool is_vector(const Tensor& tensor, int rank, int64_t channel) {
    return rank == 1 && channel < tensor.shape().c && tensor.shape().count() == tensor.shape().c;
}

/// "weight γ": where the first weight multiplies whole channels, as in the formulas.
std::string vector_label(const Plan& plan, size_t which, int64_t channel) {
    const std::string& name = plan.weights[which].name;
    if (plan.weights[0].rank == 1 && which < 2) return name + (which == 0 ? " γ" : " β");
    return fmt::format("{}[{}]", name, channel);
}

std::string names_text(const Plan& plan) {
    std::string text;
    for (const WeightSpec& spec : plan.weights) text += (text.empty() ? "" : " and ") + spec.name;
    return text;
}

void channel_row(PanelContext& context, Column& column, float field_x, int64_t chosen,
                 int64_t channels) {
    App& app = context.app;
    NumberRow row{.label = "channel",
                  .shown = fmt::format("{}", chosen),
                  .help = "The channel whose numbers stand below",
                  .gesture = "",
                  .field = "Weights/channel"};
    row.stepped = [=](int step) {
        return fmt::format("{}", std::clamp<int64_t>(chosen + step, 0, channels - 1));
    };
    row.can_lower = chosen > 0;
    row.can_raise = chosen + 1 < channels;
    row.expected = fmt::format("a whole number from 0 to {}", channels - 1);
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        const int64_t wanted = read ? std::get<int64_t>(*read) : -1;
        if (wanted < 0 || wanted >= channels) return "";
        show_channel(app, wanted);
        return {};
    };
    number_row(context, column, field_x, row);
}

/// After the batches that went through: of the picture shown.
const Tensor* buffer_after(const Result& result, int number, size_t which) {
    const LayerResult& layer = result.layers[static_cast<size_t>(number)];
    if (layer.buffers.size() < 2 || which >= layer.buffers.back().size()) return nullptr;
    return &layer.buffers.back()[which];
}

void quiet_number(const PanelContext& context, Column& column, std::string_view name,
                  std::string_view number) {
    const float y = column.y + px(context, 9);
    ui::text(context, context.fonts.small, Tone::ink3, {column.x0, y}, name);
    ui::text(context, context.fonts.mono_small, Tone::ink2, {column.x1, y}, number, Align::right);
    column.y += px(context, 20);
}

void buffer_rows(PanelContext& context, Column& column, int64_t chosen) {
    const App& app = context.app;
    const std::shared_ptr<const Result> before = app.state.result;  // a row that is edited makes another
    const Plan& plan = before->layers[static_cast<size_t>(app.state.layer)].plan;
    const Layer layer = *chosen_layer(app);
    const std::string after = before->batch == 1 ? std::string("after the batch")
                                                 : fmt::format("after batch {}", before->batch);
    for (size_t i = 0; i < plan.buffers.size() && i < layer.buffers.size(); ++i) {
        const BufferSpec& spec = plan.buffers[i];
        const Tensor* next = buffer_after(*before, app.state.layer, i);
        if (is_vector(layer.buffers[i], spec.rank, chosen)) {
            const float field_x =
                vector_field_x(context, column, ui::width_of(context.fonts.body, "running_mean"));
            vector_row(context, column, field_x,
                       {spec.name, "Weights/" + spec.name,
                        "Before the first batch, of the chosen channel; eval mode uses it as it stands",
                        &Layer::buffers, i, chosen, true});
            if (next && chosen < next->shape().c)
                quiet_number(context, column, after,
                             number_text_short(static_cast<double>(next->at({0, chosen}))));
        } else if (spec.rank == 0) {
            std::string text = number_text_short(static_cast<double>(layer.buffers[i].at({})));
            if (next)
                text += " → " + number_text_short(static_cast<double>(next->at({})));
            column.y += px(context, 4);
            quiet_number(context, column, spec.name, text);
        }
    }
}

}  // namespace

void weight_vector_rows(PanelContext& context, Column& column, int64_t chosen) {
    for (size_t i = 0;; ++i) {
        // Looked up for each row: the one above may have edited the layer, and the picture with it.
        const Plan* plan = chosen_plan(context.app);
        const Layer* layer = chosen_layer(context.app);
        if (!plan || !layer || i >= layer->weights.size() || i >= plan->weights.size()) return;
        if (!is_vector(layer->weights[i], plan->weights[i].rank, chosen)) continue;
        column.y += px(context, 4);
        const bool is_alone = plan->weights[0].rank == 1;
        const std::string label = vector_label(*plan, i, chosen);
        const float label_px = is_alone ? ui::width_of(context.fonts.body, label) : px(context, 96);
        vector_row(context, column, vector_field_x(context, column, label_px),
                   {label, "Weights/" + plan->weights[i].name,
                    layer->weights[i].shape().c == 1 && !is_alone ? "Added to every sum"
                    : is_alone && i == 0 ? "Multiplies the chosen channel"
                    : is_alone           ? "Added to the chosen channel"
                                         : "Of the chosen output channel",
                    &Layer::weights, i, chosen, is_alone});
    }
}

void vector_section(PanelContext& context, Column& column) {
    const Plan* plan = chosen_plan(context.app);
    const Layer* layer = chosen_layer(context.app);
    if (!plan || !layer || layer->weights.empty() || plan->weights.empty()) return;
    const int64_t channels = layer->weights[0].shape().c;
    if (channels < 1) return;
    const int64_t chosen =
        std::clamp<int64_t>(context.app.state.shown.out_channel, 0, channels - 1);
    begin_section(context, column, "Weights",
                  {.title = channels > 1 ? fmt::format("Channel {}", chosen) : "Weights",
                   .note = names_text(*plan)});
    if (channels > 1)
        channel_row(context, column,
                    vector_field_x(context, column, ui::width_of(context.fonts.body, "channel")),
                    chosen, channels);
    weight_vector_rows(context, column, chosen);
}

void batch_section(PanelContext& context, Column& column) {
    App& app = context.app;
    const Layer* layer = chosen_layer(app);
    if (!layer || layer->buffers.empty()) return;
    const Document& document = app.state.document;
    begin_section(context, column, "Running statistics",
                  {.title = "Running statistics",
                   .note = document.training ? fmt::format("{} {}", document.batches, document.batches == 1 ? "batch" : "batches") : "in use"});
    const int64_t batches = document.batches;
    const float gap = px(context, 8), width = std::floor((column.width() - gap) / 2);
    const Box row = column.row(column.x0, column.x1);
    const auto command = [&](const char* shown, const char* label, const Box& box) {
        const Command* found = find_command(label);
        if (!found) return;
        const bool enabled = is_enabled(*found, app);
        if (ui::button(context, shown, box, ui::Weight::plain, enabled)) run(*found, app);
        ui::hover_help(context, box, found->help, found->key);
    };
    command("Next batch", "Next batch", {row.x, row.y, width, row.h});
    command("Reset", "Reset running statistics", {row.x + width + gap, row.y, row.w - width - gap, row.h});
    NumberRow count{.label = "batches",
                    .shown = fmt::format("{}", batches),
                    .help = "Batches that went through the layers, one after the other",
                    .gesture = "batches",
                    .field = "Batches"};
    count.stepped = [batches](int step) {
        return fmt::format("{}", std::clamp<int64_t>(batches + step, 1, kMaxBatches));
    };
    count.can_lower = batches > 1;
    count.can_raise = batches < kMaxBatches;
    count.expected = "a whole number of 1 or more";
    count.error = batches < 1 || batches > kMaxBatches;
    count.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        if (!read || std::get<int64_t>(*read) < 1) return "";
        if (std::get<int64_t>(*read) > kMaxBatches)
            return fmt::format("{} is the largest number of batches.", grouped_text(kMaxBatches));
        Document next = gesture_base(app, count.gesture);
        next.batches = std::get<int64_t>(*read);
        edit(app, std::move(next), count.gesture);
        return {};
    };
    number_row(context, column,
               vector_field_x(context, column, ui::width_of(context.fonts.body, "batches")), count);
    const Plan* plan = chosen_plan(app);
    if (!plan) return;
    buffer_rows(context, column,
                std::max<int64_t>(0, std::min(app.state.shown.out_channel,
                                              plan->output_stage().shape.c - 1)));
}

}  // namespace convscope

// Left panel of a gradient-flow network: its settings, live, and the networks beside it.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/app_compare.h"
#include "app/panels/network_sections.h"

namespace convscope {
namespace {

using ui::px;

/// Every value of the document is what the settings make. Told once for each document: that takes milliseconds.
bool is_untouched(const Document& document, const GradientFlow& flow) {
    size_t identity = document.layers.size();
    const auto mix = [&](const Tensor& tensor) {
        identity = identity * 0x9E3779B97F4A7C15u + reinterpret_cast<size_t>(tensor.data());
    };
    mix(document.input.tensor);
    for (const Layer& layer : document.layers)
        for (const Tensor& weight : layer.weights) mix(weight);
    ImGuiStorage* storage = ImGui::GetStateStorage();
    const ImGuiID seen = ImGui::GetID("network seen"), answer = ImGui::GetID("network untouched");
    const int mark = static_cast<int>(identity ^ (identity >> 32));
    if (storage->GetInt(seen, 0) != mark || storage->GetInt(answer, -1) < 0) {
        storage->SetInt(answer, is_made_from(document, flow) ? 1 : 0);
        storage->SetInt(seen, mark);
    }
    return storage->GetInt(answer, 0) == 1;
}

/// Why a setting cannot be, below its row; empty while it can.
std::optional<std::string> change(PanelContext& context, const GradientFlow& flow, const std::string& gesture) {
    const auto problem = edit_network(context.app, flow, gesture);
    return problem ? std::optional(problem->whole()) : std::nullopt;
}

struct WholeRow {
    const char* label;
    const char* help;
    int64_t GradientFlow::*member;
    int64_t low, high, step = 1;
};

void whole_row(PanelContext& context, Column& column, float field_x, const GradientFlow& flow, const WholeRow& setting) {
    const int64_t value = flow.*(setting.member);
    NumberRow row{.label = setting.label,
                  .shown = std::to_string(value),
                  .help = setting.help,
                  .gesture = std::string("network ") + setting.label,
                  .field = std::string("Network/") + setting.label};
    const auto stepped = [=](int by) { return std::clamp(value + by * setting.step, setting.low, setting.high); };
    row.stepped = [=](int by) { return std::to_string(stepped(by)); };
    row.can_lower = value > setting.low;
    row.can_raise = value < setting.high;
    row.expected = "a whole number";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        if (!read) return "";
        GradientFlow next = flow;
        next.*(setting.member) = std::get<int64_t>(*read);
        return change(context, next, row.gesture);
    };
    number_row(context, column, field_x, row);
}

void gain_row(PanelContext& context, Column& column, float field_x, const GradientFlow& flow) {
    const double value = flow.init.gain;
    NumberRow row{.label = "gain",
                  .shown = to_text(Value(value)),
                  .help = "Every weight times this; 1 keeps the size of the signal where the initialisation suits",
                  .gesture = "network gain",
                  .field = "Network/gain"};
    row.stepped = [=](int by) {
        return to_text(Value(std::clamp(std::round(value * 20 + by) / 20, 0.0, kMaxGain)));
    };
    row.can_lower = value > 0;
    row.can_raise = value < kMaxGain;
    row.expected = "a number";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(0.0), {});
        if (!read) return "";
        GradientFlow next = flow;
        next.init.gain = std::get<double>(*read);
        return change(context, next, row.gesture);
    };
    number_row(context, column, field_x, row);
}

void seed_row(PanelContext& context, Column& column, float field_x, const GradientFlow& flow) {
    NumberRow row{.label = "seed",
                  .shown = std::to_string(flow.seed),
                  .help = "Other random weights and another input of the same kind",
                  .gesture = "network seed",
                  .field = "Network/seed"};
    row.stepped = [seed = flow.seed](int by) { return std::to_string(by < 0 ? seed - (seed > 0) : seed + 1); };
    row.can_lower = flow.seed > 0;
    row.expected = "a whole number of 0 or more";
    row.apply = [&](const std::string& typed) -> std::optional<std::string> {
        const auto read = parse_value(typed, Value(int64_t(0)), {});
        if (!read || std::get<int64_t>(*read) < 0) return "";
        GradientFlow next = flow;
        next.seed = static_cast<uint64_t>(std::get<int64_t>(*read));
        return change(context, next, row.gesture);
    };
    number_row(context, column, field_x, row);
}

void row_label(const PanelContext& context, const Column& column, const Box& box, const char* label, const char* help) {
    ui::text(context, context.fonts.body, Tone::ink2, {column.x0, box.center().y}, label);
    ui::hover_help(context, {column.x0, box.y, box.x - column.x0 - px(context, 6), box.h}, help);
}

void refuse(PanelContext& context, const std::optional<std::string>& problem) {
    if (problem) say(context.app, *problem, true);
}

void activation_row(PanelContext& context, Column& column, float field_x, const GradientFlow& flow) {
    const char* help = "What is applied after the weights of every layer";
    const Box box = column.row(field_x, column.x1);
    row_label(context, column, box, "activation", help);
    std::vector<ui::Entry> entries;
    int chosen = -1;
    const std::vector<std::string> names = activation_names();
    for (const std::string& name : names) {
        if (name == flow.activation) chosen = static_cast<int>(entries.size());
        entries.push_back({name, "", false});
    }
    if (const auto picked = ui::combo(context, "Network/activation", box, flow.activation, entries, chosen, help)) {
        GradientFlow next = flow;
        next.activation = names[static_cast<size_t>(*picked)];
        refuse(context, change(context, next, ""));
    }
}

void init_row(PanelContext& context, Column& column, float field_x, const GradientFlow& flow) {
    const char* help = "How large the random weights are: Xavier 1/√width, He √2/√width";
    const Box box = column.row(field_x, column.x1);
    row_label(context, column, box, "init", help);
    std::vector<Initialisation> inits;
    std::vector<ui::Entry> entries;
    int chosen = -1;
    for (const bool uniform : {false, true})
        for (const auto kind : {Initialisation::Kind::xavier, Initialisation::Kind::he}) {
            inits.push_back({kind, flow.init.gain, uniform});
            if (inits.back() == flow.init) chosen = static_cast<int>(entries.size());
            entries.push_back({initialisation_name(inits.back()), "", false});
        }
    if (const auto picked = ui::combo(context, "Network/init", box, initialisation_name(flow.init), entries, chosen, help)) {
        GradientFlow next = flow;
        next.init = inits[static_cast<size_t>(*picked)];
        refuse(context, change(context, next, ""));
    }
}

/// A box with words behind it and a note at the right margin. True: pressed.
bool check_row(PanelContext& context, Column& column, const std::string& id, const std::string& words, const std::string& note,
               bool on, bool enabled, std::string_view help) {
    const Box row = column.row(column.x0, column.x1);
    ImGui::PushID(id.c_str());
    const ui::Item it = ui::item(context, words.c_str(), row, {.enabled = enabled, .tooltip = help});
    ImGui::PopID();
    const float side = px(context, 16);
    const Box square{row.x, std::round(row.center().y - side / 2), side, side};
    ui::fill(context, square, on ? Tone::accent : it.hovered ? Tone::hover : Tone::raised, 4);
    if (on)
        ui::check_mark(context, square, Tone::on_accent);
    else
        ui::frame(context, square, Tone::line2, 1, 4);
    const float x = square.right() + px(context, 8), note_w = ui::width_of(context.fonts.small, note);
    ui::text(context, context.fonts.body, Tone::ink, {x, row.center().y},
             ui::fitted(context.fonts.body, words, column.x1 - note_w - px(context, 8) - x));
    ui::text(context, context.fonts.small, Tone::ink3, {column.x1, row.center().y}, note, Align::right);
    return it.pressed;
}

void compare_section(PanelContext& context, Column& column, const GradientFlow& flow) {
    App& app = context.app;
    begin_section(context, column, "Compare", {.title = "Compare", .note = "up to three"});
    bool preset_edited = false;
    for (const ComparePreset& preset : compare_presets()) preset_edited |= is_edited(app, preset);
    if (!preset_edited)
        check_row(context, column, "edited", network_name(flow), "edited", true, false, "This is the network that is edited");
    for (const ComparePreset& preset : compare_presets()) {
        const bool edited = is_edited(app, preset);
        const bool on = edited || is_compared(app, preset);
        if (check_row(context, column, preset.label, preset.label, edited ? "edited" : preset.note, on, !edited,
                      edited ? "This is the network that is edited"
                             : "The same depth, width, batch, gain and seed beside the edited network"))
            toggle_compared(app, preset);
    }
    for (size_t i = 0; i < app.state.others.size(); ++i) {
        const std::string& name = app.state.others[i].document.name;
        const bool preset = std::ranges::any_of(compare_presets(), [&](const ComparePreset& p) { return p.label == name; });
        if (!preset && check_row(context, column, "frozen", name, "", true, true, "A copy; press to take it away")) {
            remove_compared(app, i);
            break;
        }
    }
    const Box row = column.row(column.x0, column.x1);
    if (ui::button(context, "Keep a copy beside", row, ui::Weight::plain, app.state.others.size() < kMostBeside))
        add_compared(app);
}

}  // namespace

bool network_section(PanelContext& context, Column& column) {
    const auto found = network_of(context.app.state.document);
    if (!found || !is_untouched(context.app.state.document, *found)) return false;
    const GradientFlow flow = *found;
    begin_section(context, column, "Network", {.title = "Network", .note = "a chain of 1×1 conv2d"});
    const float field_x = column.x0 + std::round(std::min(px(context, 84), column.width() * 0.45f));
    whole_row(context, column, field_x, flow, {"depth", "Layers of weights", &GradientFlow::depth, 1, kMaxFlowDepth});
    whole_row(context, column, field_x, flow, {"width", "Channels of every layer", &GradientFlow::width, 1, kMaxFlowWidth, 8});
    whole_row(context, column, field_x, flow, {"batch", "Samples", &GradientFlow::batch, 1, kMaxFlowBatch, 8});
    activation_row(context, column, field_x, flow);
    init_row(context, column, field_x, flow);
    gain_row(context, column, field_x, flow);
    const char* norm_help = "Batch norm between weights and activation, without γ and β";
    const Box norm = column.row(field_x, column.x1);
    row_label(context, column, norm, "batch norm", norm_help);
    if (ui::checkbox(context, "Network/batch norm", {norm.x, norm.y, px(context, 56), norm.h}, flow.batch_norm, norm_help)) {
        GradientFlow next = flow;
        next.batch_norm = !flow.batch_norm;
        refuse(context, change(context, next, ""));
    }
    whole_row(context, column, field_x, flow,
              {"skip", "A skip connection around every so many layers; 0: none", &GradientFlow::skip_every, 0, flow.depth});
    seed_row(context, column, field_x, flow);
    compare_section(context, column, flow);
    gradient_section(context, column);
    return true;
}

}  // namespace convscope

// The table of commands.
#include "app/commands.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/app_compare.h"
#include "app/app_work.h"
#include "app/canvas_input.h"
#include "app/commands_parts.h"
#include "app/report.h"
#include "app/sample_images.h"
#include "core/document_line.h"
#include "core/presets.h"
#include "core/pytorch_read.h"

namespace convscope {
namespace {

constexpr Point kNominalCanvas{848, 680};
constexpr float kZoomStep = 1.25f, kScaleStep = 0.25f;

// ---- When commands apply

bool has_picture(const App& app) { return app.state.result != nullptr; }
bool has_output(const App& app) { return has_picture(app) && !app.state.problem; }
bool has_weights(const App& app) {
    const auto& layers = app.state.document.layers;
    return !app.state.problem &&
           std::any_of(layers.begin(), layers.end(), [](const Layer& layer) { return !layer.weights.empty(); });
}
bool has_steps(const App& app) { return app.timeline.steps() > 0; }
bool before_end(const App& app) { return app.state.play.step < app.timeline.steps(); }
bool after_start(const App& app) { return app.state.play.step > 0; }
bool has_plane(const App& app) { return app.state.selection.edit.has_value(); }
bool has_selection(const App& app) {
    return app.state.selection.edit.has_value() || app.state.selection.pinned.has_value();
}
bool has_kernel(const App& app) {
    const Layer* layer = chosen_layer(app);
    const Plan* plan = chosen_plan(app);
    return layer && plan && !layer->weights.empty() && !plan->weights.empty() &&
           plan->weights[0].rank == 4 && layer->weights[0].shape().plane() > 0;
}
bool is_zoomed(const App& app) { return app.state.camera != Camera{}; }

// ---- What they do

void copy_report(App& app) {
    if (app.host.set_clipboard) app.host.set_clipboard(report(app));
    say(app, "Copied a report: version, graphics, document and what was said.");
}

void open_dialog(App& app, FileMode mode) {
    app.state.popups.file = {};
    app.state.popups.file_mode = mode;
    app.state.popups.file_dialog = true;
}

void save(App& app) {
    if (app.state.file.empty())
        open_dialog(app, FileMode::save);
    else
        save_file(app, app.state.file);
}

void copy(App& app) {
    auto plane = chosen_plane(app);
    if (plane && plane->source == Source::stage && answers(app)) plane.reset();   // hidden
    const std::string text =
        plane ? copy_plane(app, *plane) : build_scene(app, kNominalCanvas, 1).caption.text();
    if (app.host.set_clipboard) app.host.set_clipboard(text);
    say(app, plane ? "Copied the numbers." : "Copied the sentence.");
}

void copy_line(App& app) {
    DocumentLine made = document_line(app.state.document);
    if (!made.ok()) return say(app, std::move(made.error), true);
    if (app.host.set_clipboard) app.host.set_clipboard(made.line);
    say(app, fmt::format("Copied the document: a line of {} characters. Paste it into another window or a message.",
                         made.line.size()));
}

void paste(App& app) {
    const std::string text = app.host.clipboard ? app.host.clipboard() : "";
    if (holds_document_line(text))
        open_line(app, text);
    else if (looks_like_pytorch(text) && !read_tensor_text(text).error.empty())
        open_pytorch(app, text);
    else if (app.state.selection.edit)
        paste_plane(app, Ref(app.state.selection.edit->ref), text);
    else
        paste_input(app, text);
}

Action fill(const char* kind) {
    return [kind](App& app) {
        if (app.state.selection.edit) fill_plane(app, Ref(app.state.selection.edit->ref), kind);
    };
}

/// The kernel that a command is about: the selected cell's, else none.
std::optional<Index> chosen_kernel(const App& app) {
    const auto& chosen = app.state.selection.edit;
    if (!chosen || chosen->ref.source != Source::weight || chosen->ref.which != 0) return {};
    return chosen->ref.cell;
}

void use_kernel(App& app, const std::string& name) {
    const State& state = app.state;
    const auto plane = chosen_kernel(app);
    edit(app, plane ? with_kernel(state.document, state.layer, *plane, name)
                    : with_all_kernels(state.document, state.layer, name));
}

/// Every kernel of the layer turned by 180°, which is what the switch over the weights does; or the selected one alone.
void turn_kernel(App& app) {
    const State& state = app.state;
    const Tensor& weight = state.document.layers[static_cast<size_t>(state.layer)].weights[0];
    const Shape shape = weight.shape();
    const auto chosen = chosen_kernel(app);
    if (!chosen || shape.n * shape.c == 1) {
        edit(app, with_kernels_turned(state.document, state.layer));
        return;
    }
    Tensor turned = weight;
    const auto first = turned.mutate().begin() + shape.offset({chosen->n, chosen->c, 0, 0});
    std::reverse(first, first + shape.plane());
    edit(app, with_weight(state.document, state.layer, 0, std::move(turned)));
}

void change_scale(App& app, float by) {
    float& scale = app.state.settings.interface_scale;
    const float next = std::round((scale + by) / kScaleStep) * kScaleStep;
    scale = std::clamp(next, kSmallestScale, kLargestScale);
    const float room = app.host.largest_scale ? app.host.largest_scale() : scale;
    if (scale > room)
        say(app, fmt::format("Interface scale {:.0f} %. This window has room for {:.0f} %; make it larger for more.",
                             static_cast<double>(scale) * 100, static_cast<double>(room) * 100));
}

void zoom_middle(App& app, float factor) {
    // Around the middle the size does not matter.
    zoom(app, {kNominalCanvas.x / 2, kNominalCanvas.y / 2}, kNominalCanvas, factor);
}

Action stepping(int units) {
    return [units](App& app) { step(app, units); };
}

Action stepping(Unit unit, int units) {
    return [unit, units](App& app) { step_unit(app, unit, units); };
}

template <bool Settings::*kMember>
void toggle(App& app) {
    app.state.settings.*kMember = !(app.state.settings.*kMember);
}

template <bool Settings::*kMember>
bool is_on(const App& app) {
    return app.state.settings.*kMember;
}

// ---- The table, menu by menu

// clang-format off
void add_file(std::vector<Command>& table) {
    add_commands(table, "File", {
        {"New", "Ctrl+N", "Starts again with the 7×7 input and the emboss kernel.", nullptr,
         [](App& app) { show_document(app, standard_document(), "new document"); }},
        {"Open…", "Ctrl+O", "Opens a document, an image, weights (.safetensors), a .npy file or a table of numbers.", nullptr,
         [](App& app) { open_dialog(app, FileMode::open); }},
        {"Restore work", "", "Brings back unsaved work of a window that is gone; Undo leads back here.", is_work_offered,
         restore_work, kOwnKey, kRule},
        {"Discard work", "", "Removes the unsaved work that is offered; this window's history keeps it.", is_work_offered,
         discard_work},
        {"Save", "Ctrl+S", "Writes the document to its file, or asks for one.", nullptr, save, kOwnKey, kRule},
        {"Save as…", "Ctrl+Shift+S", "Writes the document to another file.", nullptr,
         [](App& app) { open_dialog(app, FileMode::save); }},
        {"Overwrite the file", "", "Writes the document over its file though another program has changed that.", can_overwrite,
         [](App& app) { overwrite_file(app); }},
        {"Save weights…", "", "Writes the layers' weights as PyTorch's state_dict, .safetensors or .npy.", has_weights,
         [](App& app) { open_dialog(app, FileMode::save_weights); }},
        {"Save output…", "", "Writes the last layer's output, .npy or .safetensors.", has_output,
         [](App& app) { open_dialog(app, FileMode::save_output); }},
    });
    for (const DocumentPreset& preset : document_presets())
        table.push_back({preset.name, "File/Examples/" + preset.group, "", preset.help, false, true, nullptr, nullptr,
                         [&preset](App& app) { show_document(app, preset.make(), "example " + preset.name); }});
    for (const SampleImage& image : sample_images())
        table.push_back({image.name, "File/Sample images", "", image.help, false, true, nullptr, nullptr,
                         [image](App& app) { open_sample(app, image); }});
    add_commands(table, "File", {
        {"Quit", "Ctrl+Q", "Closes the window.", [](const App& app) { return app.host.quit != nullptr; },
         [](App& app) { app.host.quit(); }, kOwnKey, kRule},
    });
}

void add_edit(std::vector<Command>& table) {
    add_commands(table, "Edit", {
        {"Undo", "Ctrl+Z", "Takes back the last change.",
         [](const App& app) { return app.state.history.can_undo(); }, undo},
        {"Redo", "Ctrl+Y|Ctrl+Shift+Z", "Makes the change again that was taken back.",
         [](const App& app) { return app.state.history.can_redo(); }, redo},
        {"History", "Ctrl+H", "Lists every state since the start, also those on ways that were left; a click goes there.", nullptr,
         [](App& app) { app.state.popups.history = !app.state.popups.history; }, kOwnKey, false,
         [](const App& app) { return app.state.popups.history; }},
        {"Copy", "Ctrl+C", "Copies the selected plane's numbers, or else the sentence under the picture.",
         has_picture, copy, kOwnKey, kRule},
        {"Copy document as a line", "Ctrl+Shift+C", "Copies all of the document as one line of text, for another window or a chat.",
         nullptr, copy_line},
        {"Paste", "Ctrl+V", "Puts copied numbers into the selected plane, or else in place of the input; PyTorch text, or a copied document, becomes the document.", nullptr, paste},
        {"Select nothing", "", "Frees the selected cell and the pinned one.", has_selection, select_nothing},
        {"Zeros", "", "Fills the selected plane with zeros.", has_plane, fill("zeros"), kOwnKey, kRule},
        {"Ones", "", "Fills the selected plane with ones.", has_plane, fill("ones")},
        {"Random", "", "Fills the selected plane with other random numbers.", has_plane, fill("random")},
        {"Impulse", "", "Fills the selected plane with zeros around a one.", has_plane, fill("impulse")},
        {"Gradient", "", "Fills the selected plane with values that rise from cell to cell.", has_plane, fill("gradient")},
    });
    for (const KernelPreset& preset : kernel_presets())
        table.push_back({"Kernel: " + preset.name, "Edit/Kernel", "", preset.help, false, true, has_kernel, nullptr,
                         [&preset](App& app) { use_kernel(app, preset.name); }});
    add_commands(table, "Edit", {
        {"Turn kernel 180°", "Ctrl+T", "Turns the selected kernel, or all: a layer correlates; with turned kernels it convolves.",
         has_kernel, turn_kernel},
        {"Stop computing", "Esc", "Stops what is being read or computed; the last picture stays, in grey.", is_busy,
         stop_computing, kOwnKey, kRule},
        {"Compute again", "Ctrl+R", "Computes what was stopped.", [](const App& app) { return app.state.stopped; }, compute_again},
    });
}

/// Of the view at that place of the table: 1 to 9, then its first letter.
std::string view_key(size_t at) {
    return at < 9 ? std::to_string(at + 1) : all_views()[at].label.substr(0, 1);
}

void add_view(std::vector<Command>& table) {
    size_t number = 0;
    for (const View& view : all_views()) {
        const std::string key = view_key(number++);
        table.push_back({view.label, "View", key, view.help, false, kCellsKey,
                         [&view](const App& app) { return is_offered(app, view); },
                         [&view](const App& app) { return chosen_view(app).id == view.id; },
                         [&view](App& app) { choose_view(app, view.id); }});
    }
    number = 0;
    for (const View& view : all_views()) {
        const std::string key = "Ctrl+" + view_key(number++);
        const auto is_shown = [&view](const App& app) {
            const auto views = shown_views(app);
            return views.size() > 1 && std::ranges::find(views, &view) != views.end();
        };
        const auto fits = [&view](const App& app) {
            return chosen_view(app).id != view.id || shown_views(app).size() > 1 ? can_show(app, view) : false;
        };
        table.push_back({view.label + " beside", "View/Side by side", key,
                         "Puts this view beside the chosen one, in lock-step, or takes it away.", false, kCellsKey, fits,
                         is_shown, [&view](App& app) { toggle_beside(app, view.id); }});
    }
    add_commands(table, "View", {
        {"One view", "Ctrl+0", "Takes the views beside the chosen one away.",
         [](const App& app) { return shown_views(app).size() > 1; }, [](App& app) { clear_beside(app); }},
        {"Zoom in", "Ctrl+Plus|Ctrl+Equal", "Enlarges the picture.", has_picture,
         [](App& app) { zoom_middle(app, kZoomStep); }, kOwnKey, kRule},
        {"Zoom out", "Ctrl+Minus", "Makes the picture smaller.", has_picture,
         [](App& app) { zoom_middle(app, 1 / kZoomStep); }},
        {"Fit", "0", "Brings the whole picture back into the canvas.", is_zoomed,
         [](App& app) { app.state.camera = {}; }, kCellsKey},
    });
    add_commands(table, "View/Appearance", {
        {"Weights in the window's corners", "K", "Writes each weight into the input cell it multiplies.", nullptr,
         toggle<&Settings::corner_weights>, kOwnKey, false, is_on<&Settings::corner_weights>},
        {"Shared range", "", "Maps share one range of values, or each has its own.", nullptr,
         toggle<&Settings::shared_range>, kOwnKey, false, is_on<&Settings::shared_range>},
        {"Keras names", "", "Parameters are called and counted as in Keras: strides, momentum 0.9; what is stored stays PyTorch's.", nullptr,
         toggle<&Settings::keras_names>, kOwnKey, false, is_on<&Settings::keras_names>},
        {"Padding in total", "", "Padding counts both sides together, in the parameters and in the size formula.", nullptr,
         toggle<&Settings::padding_total>, kOwnKey, false, is_on<&Settings::padding_total>},
        {"Dark theme", "", "Light numbers on dark ground.", nullptr,
         [](App& app) {
             Theme& theme = app.state.settings.theme;
             theme = theme == Theme::dark ? Theme::light : Theme::dark;
         }, kOwnKey, kRule, [](const App& app) { return app.state.settings.theme == Theme::dark; }},
        {"High contrast", "", "Stronger lines and text, on light or dark ground.", nullptr,
         toggle<&Settings::high_contrast>, kOwnKey, false, is_on<&Settings::high_contrast>},
        {"Larger interface", "", "Makes all text and controls larger.",
         [](const App& app) { return app.state.settings.interface_scale < kLargestScale; },
         [](App& app) { change_scale(app, kScaleStep); }},
        {"Smaller interface", "", "Makes all text and controls smaller.",
         [](const App& app) { return app.state.settings.interface_scale > kSmallestScale; },
         [](App& app) { change_scale(app, -kScaleStep); }},
        {"Reduce motion", "", "Steps jump to their place without travelling.", nullptr,
         toggle<&Settings::reduce_motion>, kOwnKey, false, is_on<&Settings::reduce_motion>},
    });
    add_commands(table, "View", {
        {"Command palette", "Ctrl+P", "Finds commands, parameters (stride 2), cells (output 1,3), steps and documents.", nullptr,
         [](App& app) { app.state.popups.palette = !app.state.popups.palette; }, kOwnKey, kRule},
    });
}

void add_step(std::vector<Command>& table) {
    add_commands(table, "Step", {
        {"Play", "Space", "Plays the steps, or pauses; at the end it starts again.", has_steps,
         [](App& app) { set_playing(app, !app.state.play.playing); }, kOwnKey, false,
         [](const App& app) { return app.state.play.playing; }},
        {"Step forward", "Right", "Goes one step on.", before_end, stepping(1), kCellsKey, kRule},
        {"Step back", "Left", "Goes one step back.", after_start, stepping(-1), kCellsKey},
        {"Row forward", "Shift+Right", "Goes on to the end of the row.", before_end, stepping(Unit::row, 1), kCellsKey},
        {"Row back", "Shift+Left", "Goes back to the start of the row.", after_start, stepping(Unit::row, -1), kCellsKey},
        {"Start", "Home", "Goes to the start: nothing is computed yet.", after_start,
         [](App& app) { go_to_step(app, 0); }, kCellsKey},
        {"End", "End", "Goes to the end: everything is computed.", before_end,
         [](App& app) { go_to_step(app, app.timeline.steps()); }, kCellsKey},
        {"Faster", "Plus|Equal", "Doubles the speed of the play.",
         [](const App& app) { return app.state.play.speed < 16; },
         [](App& app) { set_speed(app, app.state.play.speed * 2); }, kCellsKey, kRule},
        {"Slower", "Minus", "Halves the speed of the play.",
         [](const App& app) { return app.state.play.speed > 0.25f; },
         [](App& app) { set_speed(app, app.state.play.speed / 2); }, kCellsKey},
    });
    const struct { Unit unit; const char* label; const char* help; } units[] = {
        {Unit::term, "Step by term", "A step is one product, or one cell where there is no window."},
        {Unit::channel, "Step by channel", "A step is one channel of a window, or one channel of the output where there is none."},
        {Unit::window, "Step by window", "A step is one place of the window, or one stamp."},
        {Unit::row, "Step by row", "A step is one row of windows."},
        {Unit::layer, "Step by layer", "A step is the whole layer."},
    };
    for (const auto& [unit, label, help] : units) {
        const auto offered = [unit = unit](const App& app) {
            const std::vector<Unit> here = step_units(app);
            return std::find(here.begin(), here.end(), unit) != here.end();
        };
        table.push_back({label, "Step", "", help, unit == Unit::term, true, offered,
                         [unit = unit](const App& app) { return app.state.play.unit == unit; },
                         [unit = unit](App& app) { set_unit(app, unit); }});
    }
}

void add_help(std::vector<Command>& table) {
    add_commands(table, "Help", {
        {"Keys and mouse", "F1", "Shows every key and what the mouse does.", nullptr,
         [](App& app) { app.state.popups.help = !app.state.popups.help; }},
        {"Tour of the window", "", "Six cards say what is where.", nullptr,
         [](App& app) { app.state.popups.tour = 0; }},
        {"Leave the tour", "", "Closes the card of the tour.", [](const App& app) { return app.state.popups.tour >= 0; },
         [](App& app) { app.state.popups.tour = -1; }},
        {"Log…", "Ctrl+J", "What Convscope said since it was started, and a report to copy.", nullptr,
         [](App& app) { app.state.popups.log = true; }},
        {"Copy report", "", "Copies version, system, document and the last sentences, for whoever is to help.", nullptr, copy_report},
        {"About Convscope", "", "Shows the version and the libraries in use.", nullptr,
         [](App& app) { app.state.popups.about = true; }},
    });
}
// clang-format on

/// For comparing labels as people write them.
std::string plain(std::string_view label) {
    const std::string_view ellipsis = "…";
    if (label.ends_with(ellipsis)) label.remove_suffix(ellipsis.size());
    if (label.ends_with("...")) label.remove_suffix(3);
    std::string text(label);
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

}  // namespace

void add_commands(std::vector<Command>& table, const char* menu, std::vector<Row> rows) {
    for (Row& row : rows)
        table.push_back({row.label, menu, row.key, row.help, row.separator, row.text_keys,
                         std::move(row.enabled), std::move(row.checked), std::move(row.run), row.lecture});
}

const std::vector<Command>& all_commands() {
    static const std::vector<Command> table = [] {
        std::vector<Command> all;
        add_file(all);
        add_edit(all);
        add_layer_commands(all);
        add_view(all);
        add_lecture_commands(all);
        add_ledger_commands(all);
        add_compare_commands(all);
        add_step(all);
        add_predict_commands(all);
        add_help(all);
        return all;
    }();
    return table;
}

const Command* find_command(std::string_view label) {
    const std::string wanted = plain(label);
    for (const Command& command : all_commands())
        if (plain(command.label) == wanted) return &command;
    return nullptr;
}

bool is_enabled(const Command& command, const App& app) {
    return !command.enabled || command.enabled(app);
}

bool run(const Command& command, App& app) {
    if (!is_enabled(command, app)) return false;
    command.run(app);
    return true;
}

}  // namespace convscope

// Weights out of and into files of tensors, and the output into one.
#include <utility>

#include "app/app_parts.h"
#include "core/io/files.h"
#include "core/tensor_files.h"

namespace convscope {
namespace {

bool write(App& app, const std::string& path, std::span<const NamedTensor> tensors) {
    std::string error;
    if (!write_tensor_file(path, tensors, error)) return refuse(app, error);
    say(app, "Saved " + display_name(path) + ".");
    return true;
}

}  // namespace

bool open_state_dict(App& app, const std::string& path, std::string bytes) {
    SafetensorsFile file = parse_safetensors(std::move(bytes), display_name(path));
    if (!file.ok()) return refuse(app, file.error);
    const StateDict tensors = state_dict_of(std::move(file));
    StateDictMatch match;
    Document next = with_state_dict(app.state.document, tensors, match);
    if (!match.ok()) return refuse(app, match.error);
    edit_as(app, std::move(next), "weights of " + tensors.name);
    say(app, describe(tensors, match));
    return true;
}

bool save_weights(App& app, const std::string& path) {
    const State& state = app.state;
    if (state.problem) return refuse(app, state.problem->whole());
    return write(app, path, named_tensors(state.document));
}

bool save_output(App& app, const std::string& path) {
    const State& state = app.state;
    if (state.problem) return refuse(app, state.problem->whole());
    if (is_stale(state)) return refuse(app, "The output is still being computed.");
    std::string error;
    const NamedTensor output = find_tensor(*state.result, "output", error);
    return error.empty() ? write(app, path, {&output, 1}) : refuse(app, error);
}

}  // namespace convscope

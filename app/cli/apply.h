// What shot's options and scripts' lines do to the app. Each gives a sentence without its full stop when it cannot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/app.h"

namespace convscope {

/// "stride=2", of the chosen layer.
std::string apply_set(App& app, std::string_view assignment);
/// By id or label.
std::string apply_view(App& app, std::string_view name);
/// Shows the state after `number` steps of that unit (empty: terms); past the end: the last.
std::string apply_step(App& app, int64_t number, std::string_view unit);
std::string apply_unit(App& app, std::string_view unit);
std::string apply_theme(App& app, std::string_view name);
/// A worked example by its name.
std::string apply_example(App& app, std::string_view name);
/// A cell of the output: its ledger stays.
std::string apply_pin(App& app, const std::string& grid, const std::vector<int64_t>& indices);
std::string apply_layer(App& app, int64_t layer);

/// The step at which `number` units are done: 0 = none, past the end = the last.
int64_t step_after(const Timeline& timeline, Unit unit, int64_t number);
/// Text of the newest message when it is an error, without its full stop; else `otherwise`.
std::string newest_error(const App& app, std::string otherwise = "");

}  // namespace convscope

// Networks compared side by side: the edited one first, up to two more beside it, computed on a worker of their own.
#pragma once

#include "app/app.h"
#include "core/network_of.h"

namespace convscope {

/// Makes the edited network from other settings; networks beside that follow are made anew. Why not, where it cannot be.
std::optional<Problem> edit_network(App& app, const GradientFlow& flow, const std::string& gesture = "");

/// A network that one click puts beside the edited one: its depth, width, batch, gain, skips and seed follow that one's.
struct ComparePreset {
    std::string label, note;    // "ReLU + batch norm", "He"
    std::string activation;
    Initialisation::Kind init = Initialisation::Kind::he;
    bool batch_norm = false;
};
const std::vector<ComparePreset>& compare_presets();
/// The settings with the preset's activation, kind of initialisation and batch norm.
GradientFlow with_preset(GradientFlow flow, const ComparePreset& preset);
/// It is the edited network, or beside it.
bool is_edited(const App& app, const ComparePreset& preset);
bool is_compared(const App& app, const ComparePreset& preset);
/// Puts it beside, or takes it away. With two beside already the last one makes room.
void toggle_compared(App& app, const ComparePreset& preset);

/// The document as it is now stays beside the edited one.
void add_compared(App& app);
void remove_compared(App& app, size_t at);

/// Upsampling and a convolution of the same kernel size beside a transposed convolution in the view coverage.
bool can_resize_beside(const App& app);
/// It, where it stands beside and the chosen view shows it; null else.
const Network* resize_beside(const App& app);
void toggle_resize_beside(App& app);

/// A/B: the document as it is now stays beside the edited one as A, under the same play head; or A is taken away.
void toggle_ab(App& app);
/// The edited document and A change places: one undo step.
void swap_ab(App& app);
bool has_ab(const App& app);
/// A, where the chosen view can show its layer of the same number; null else.
const Network* a_beside(const App& app);
/// What the layer of `ours` has that the same layer of `other` has not: "stride 2, padding 1".
std::string differing_words(const Document& ours, const Document& other, int layer);

/// Once a frame: followers follow the edited network, finished results are taken, the next one starts on the worker while
/// that has nothing else to do.
void refresh_compared(App& app);
/// Everything beside is computed, or is not looked at.
bool compared_settled(const App& app);

/// Commands of the menu View (app_compare.cpp).
struct Command;
void add_compare_commands(std::vector<Command>& table);

}  // namespace convscope

// The table of views: one row each, in the order of the tabs. Rows are added at the end: the first nine have the keys 1 to 9,
// later ones their first letter.
#include "app/views/gradients_parts.h"
#include "app/views/slide_parts.h"

namespace convscope {

const std::vector<View>& all_views() {
    static const std::vector<View> kViews{
        {"slide", "Slide", "The window moves over the input and becomes one output cell; without a window, one cell at a time.",
         "the input becomes one output cell at a time",
         Order::by_output, {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::layer},
         [](const Plan&) { return true; }, build_slide},
        {"scatter", "Scatter", "One input cell times the whole kernel is stamped on the output; overlaps add up.",
         "one input times the whole kernel",
         Order::by_input, {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::layer},
         [](const Plan& plan) { return plan.window.has_value() && !plan.weights.empty(); }, build_scatter},
        {"stretch", "Stretch", "A transposed layer as an ordinary convolution: zeros between the inputs, the kernel turned.",
         "kernel turned 180°, ordinary convolution",
         Order::by_output, {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::layer},
         [](const Plan& plan) { return plan.window && plan.window->transposed() && !plan.weights.empty(); }, build_stretch},
        {"matrix", "Matrix", "The layer as a sparse matrix times the flattened input.",
         "a sparse matrix times the flattened input",
         Order::by_output, {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::layer},
         [](const Plan& plan) { return plan.window && !plan.weights.empty(); }, build_matrix},
        {"coverage", "Coverage", "How often each input cell is read and how many products each output cell adds up.",
         "how often cells are read and written",
         Order::by_output, {Unit::window, Unit::row, Unit::layer},
         [](const Plan& plan) { return plan.window.has_value(); }, build_coverage},
        {"distribution", "Distribution", "Histograms of every channel before and after, with means, variances and slopes.",
         "histograms before and after",
         Order::by_batch, {Unit::batch, Unit::pass},
         [](const Plan& plan) { return plan.stage("normalised") >= 0 || plan.stage("slope") >= 0; }, build_distribution,
         false, true, true},
        {"gradients", "Gradients", "How large the gradients are from layer to layer; of one layer, where each comes from.",
         "how the gradient goes back",
         Order::by_layer, {Unit::layer, Unit::pass},
         [](const Plan& plan) { return plan.stage("grad_input") >= 0; }, build_gradients, false, true, true},
        {"maps", "Maps", "Every output channel as an image, with the value under the pointer in all of them.",
         "every channel as an image",
         Order::by_output, {Unit::row, Unit::map, Unit::layer},
         [](const Plan&) { return true; }, build_maps,
         false, false, true},
        {"chain", "Chain", "All layers in a row; a pixel's receptive field and its influence through every one of them.",
         "a pixel through every layer",
         Order::by_layer, {Unit::layer, Unit::pass},
         [](const Plan&) { return true; }, build_chain, true, false, true},
        {"unfold", "Unfold", "Every window written out as a column (im2col); the weights times this matrix are the output.",
         "each window becomes a column",
         Order::by_output, {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::layer},
         [](const Plan& plan) { return plan.window && !plan.window->transposed(); }, build_unfold},
    };
    return kViews;
}

const View* find_view(std::string_view id) {
    for (const View& view : all_views())
        if (view.id == id) return &view;
    return nullptr;
}

}  // namespace convscope

// The cards of the chain bar before anything is drawn: what stands in it, how dense, and where.
#pragma once

#include <string>
#include <vector>

#include "app/panels/widgets.h"

namespace convscope {

/// `period` layers from `first` on, `times` times the same but for their numbers.
struct LayerRun {
    int first = 0, period = 1, times = 1;
    int end() const { return first + period * times; }
    bool holds(int layer) const { return layer >= first && layer < end(); }
};

/// Repetitions worth folding, from left to right; they do not overlap.
std::vector<LayerRun> repeated_layers(const Document& document);

/// How the tensors between layers stand: picture and shape, shape, shape over the arrow, arrow only.
enum class Density { pictures, shapes, links, arrows };

struct ChainCard {
    enum class Kind { input, layer, between, output, run, add };
    Kind kind = Kind::layer;
    std::string label;  // what scripts call it
    std::string name, detail, help;
    Tone name_tone = Tone::ink, detail_tone = Tone::ink2;
    const Tensor* tensor = nullptr;  // of a tensor's thumbnail
    bool is_image = false;
    bool is_chosen = false, is_impossible = false, is_open = false;
    int layer = 0;
    int run = -1;                    // index into ChainRow::runs, of layers, what is between them, and the run's own card
    bool has_arrow = false;          // one leads to it
    bool draws_arrow = false;        // before it, in this density
    float x = 0, width = 0;          // from the row's start
};

struct ChainRow {
    std::vector<ChainCard> cards;
    std::vector<LayerRun> runs;
    Density density = Density::pictures;
    float end = 0;                   // where it ends, margin included
};

/// The densest that is needed to show all of it in `room_px`; shapes over arrows where nothing fits: it scrolls then.
ChainRow make_chain_row(const PanelContext& context, float room_px);

/// Card of that layer, or of the run that hides it; null when there is none.
const ChainCard* card_of_layer(const ChainRow& row, int layer);

// ---- Lists (chain_lists.cpp), drawn in the chain bar's window

/// Opens what popups or commands ask for, draws what is open. Anchors: the place of the "+", the chosen card.
void chain_lists(PanelContext& context, const Box& add, const Box& chosen);
void open_add_list();
void open_layer_menu();

}  // namespace convscope

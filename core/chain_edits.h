// Edits of the chain: layers come, go and change places; channels, weights and skip connections follow.
#pragma once

#include <vector>

#include "core/document.h"

namespace convscope {

/// Largest number of layers of a document.
inline constexpr size_t kMaxLayers = 1000;

// A skip connection keeps its place: the layer whose input it brings and the layer where it ends. It goes when it ends at
// a layer that is removed. Indices outside the chain are clamped into it.

/// A fresh layer of that op becomes layer `at` (0…layers): fitted to what reaches it, as many channels out as in where
/// the op lets choose, and, where its standard parameters are impossible there, with the remedies that the op offers.
/// With kMaxLayers already, the document as it is.
Document with_layer_added(Document document, int at, const Op& op);
/// A copy of the layer right behind it, without its skip connection.
Document with_layer_duplicated(Document document, int layer);
/// The only layer stays.
Document with_layer_removed(Document document, int layer);
/// The layer at `from` stands at `to` afterwards.
Document with_layer_moved(Document document, int from, int to);
/// The input of the run of `skip` layers that ends here is added to this layer's output; 0: nothing is.
Document with_skip(Document document, int layer, int64_t skip);
/// One buffer as it is before the first batch.
Document with_buffer(Document document, int layer, int buffer, Tensor tensor);

/// Every skip of the layer that can be, ascending, without 0: both shapes agree. None while layers before are impossible.
std::vector<int64_t> possible_skips(const Document& document, int layer);

// ---- For the functions that edit (document.cpp, chain_edits.cpp)

/// Channels that flow into each layer, −1 from the first impossible layer on. One entry more: the output's.
std::vector<int64_t> channels_along(const Document& document);
/// Fits the channels of every layer from `first` on whose input has another number of channels than `before` says (−1: it
/// is not known), and then all weights.
void follow(Document& document, const std::vector<int64_t>& before, size_t first);

}  // namespace convscope

// Sections for gradient-flow networks: what the network is made from, what it is compared with, its signal layer by layer.
#pragma once

#include "app/panels/sections.h"

namespace convscope {

/// Left: the settings, the networks beside, where the gradient starts. False: the document is no such network.
bool network_section(PanelContext& context, Column& column);
/// Right: the signal of every network layer by layer, why it shrinks, where float32 ends. False: no bars are shown.
bool signal_section(PanelContext& context, Column& column);

}  // namespace convscope

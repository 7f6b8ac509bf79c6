// The three passes of core/conv_passes.h where every plane is one cell and the kernel too: a fully connected layer. There
// the samples of the batch, or the channels, are the row that is worked through together.
#pragma once

#include "core/conv_passes.h"

namespace convscope {

bool is_dense(const ConvGeometry&);
/// spread_dense alone: one stamp is the whole wide plane.
bool is_dense_spread(const ConvGeometry&);

bool gather_dense(const ConvGeometry&, const Tensor& wide, const Tensor& weight, const Tensor* bias,
                  Tensor& narrow, const Progress&);
bool spread_dense(const ConvGeometry&, const Tensor& narrow, const Tensor& weight,
                  const Tensor* bias, Tensor& wide, const Progress&);
bool correlate_dense(const ConvGeometry&, const Tensor& wide, const Tensor& narrow, Tensor& weight,
                     const Progress&);

}  // namespace convscope

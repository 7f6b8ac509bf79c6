// The shapes that the core is measured on. Their ids are the names in every table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace convscope {

enum class BenchOp { conv, conv_transpose, batch_norm, max_pool, relu };

struct BenchShape {
    std::string id;
    BenchOp op;
    int64_t channels, height, width;  // of the input; one sample
    int64_t out_channels = 1;         // as many as channels where the op cannot choose
    int64_t kernel = 1, stride = 1, padding = 0, dilation = 1, groups = 1;
    bool training = false;   // batch norm over the batch's own statistics
    bool separable = false;  // one kernel, a column times a row

    int64_t terms() const;  // behind one cell of the output, at most
};

const std::vector<BenchShape>& bench_shapes();

}  // namespace convscope

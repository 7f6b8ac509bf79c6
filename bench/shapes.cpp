#include "bench/shapes.h"

namespace convscope {

int64_t BenchShape::terms() const {
    if (op == BenchOp::max_pool || op == BenchOp::relu) return 1;
    if (op == BenchOp::batch_norm) return 4;
    const int64_t along = op == BenchOp::conv ? kernel : (kernel + stride - 1) / stride;
    return channels / groups * along * along + 1;
}

const std::vector<BenchShape>& bench_shapes() {
    using enum BenchOp;
    // id, op, channels, height, width, out_channels, kernel, stride, padding, dilation, groups
    // clang-format off
    static const std::vector<BenchShape> shapes{
        {"a_1x1080p_1_3x3",       conv,   1, 1080, 1920,  1,  3, 1, 1},
        {"b_1x1080p_16_3x3",      conv,   1, 1080, 1920, 16,  3, 1, 1},
        {"c_3x4K_8_3x3",          conv,   3, 2160, 3840,  8,  3, 1, 1},
        {"d_3x1080p_32_5x5",      conv,   3, 1080, 1920, 32,  5, 1, 2},
        {"e_1x1080p_1_11x11",     conv,   1, 1080, 1920,  1, 11, 1, 5},
        {.id = "e_sep_1x1080p_1_11x11", .op = conv, .channels = 1, .height = 1080, .width = 1920, .kernel = 11, .padding = 5, .separable = true},
        {"f_3x1080p_16_3x3s2",    conv,   3, 1080, 1920, 16,  3, 2, 1},
        {"g_64x56_64_3x3",        conv,  64,   56,   56, 64,  3, 1, 1},
        {"h_3x224_64_7x7s2",      conv,   3,  224,  224, 64,  7, 2, 3},
        {"i_dw32x512_3x3",        conv,  32,  512,  512, 32,  3, 1, 1, 1, 32},
        {"j_3x1080p_32_5x5d2",    conv,   3, 1080, 1920, 32,  5, 1, 4, 2},
        {"k1_100x1_512_4s1",      conv_transpose, 100,   1,   1, 512, 4, 1, 0},
        {"k2_512x4_256_4s2",      conv_transpose, 512,   4,   4, 256, 4, 2, 1},
        {"k3_256x8_128_4s2",      conv_transpose, 256,   8,   8, 128, 4, 2, 1},
        {"k4_128x16_64_4s2",      conv_transpose, 128,  16,  16,  64, 4, 2, 1},
        {"k5_64x32_3_4s2",        conv_transpose,  64,  32,  32,   3, 4, 2, 1},
        {"l_16x256_8_4s2",        conv_transpose,  16, 256, 256,   8, 4, 2, 1},
        {"m_1x540p_1_2s2",        conv_transpose,   1, 540, 960,   1, 2, 2, 0},
        {.id = "n_bntrain_64x256", .op = batch_norm, .channels = 64, .height = 256, .width = 256, .out_channels = 64, .training = true},
        {"n_bneval_64x256",       batch_norm, 64,  256,  256, 64},
        {.id = "n_bntrain_3x1080p", .op = batch_norm, .channels = 3, .height = 1080, .width = 1920, .out_channels = 3, .training = true},
        {"n_bneval_3x1080p",      batch_norm,  3, 1080, 1920,  3},
        {"o_maxpool_16x1080p",    max_pool,   16, 1080, 1920, 16, 2, 2},
        {"o_relu_16x1080p",       relu,       16, 1080, 1920, 16},
        {"t_tiny7x7_3x3",         conv,            1, 7, 7, 1, 3, 1, 1},
        {"t_tinydeconv4x4_3x3s2", conv_transpose,  1, 4, 4, 1, 3, 2, 1},
    };
    // clang-format on
    return shapes;
}

}  // namespace convscope

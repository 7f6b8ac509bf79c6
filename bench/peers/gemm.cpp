// Eigen and OpenBLAS: a matrix of windows times the weights. It is made in bands of rows that stay in the second-level
// cache, which is kinder than one huge matrix. Transposed: weights times input, then every product is stamped.
#include <algorithm>
#include <memory>

#include "bench/peers/peers.h"

#ifdef HAVE_EIGEN
#include <Eigen/Dense>
#endif
#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif

namespace convscope {
namespace {

/// C (m × n, rows of `c_step`) = [C +] A·B, where B's rows are n long; A is m × k, or k × m when transposed.
struct Product {
    int64_t m, n, k;
    const float *a, *b;
    float* c;
    int64_t c_step;
    bool transpose_a, adds;
};

/// Windows of the output rows `first`…`last`−1: one row for each kernel cell.
[[maybe_unused]] void lay_out_windows(const PeerData& data, int64_t first, int64_t last,
                                      float* to) {
    const BenchShape& s = data.shape;
    const int64_t width = data.out_width;
    for (int64_t c = 0; c < s.channels; ++c)
        for (int64_t r = 0; r < s.kernel; ++r)
            for (int64_t q = 0; q < s.kernel; ++q)
                for (int64_t y = first; y < last; ++y, to += width) {
                    const int64_t h = y * s.stride - s.padding + r * s.dilation,
                                  left = q * s.dilation - s.padding;
                    if (h < 0 || h >= s.height) {
                        std::fill(to, to + width, 0.f);
                        continue;
                    }
                    const float* const row = data.input + (c * s.height + h) * s.width;
                    if (s.stride == 1) {
                        const int64_t begin = std::clamp<int64_t>(-left, 0, width);
                        const int64_t end = std::clamp(s.width - left, begin, width);
                        std::fill(to, to + begin, 0.f);
                        std::copy(row + begin + left, row + end + left, to + begin);
                        std::fill(to + end, to + width, 0.f);
                        continue;
                    }
                    for (int64_t x = 0; x < width; ++x) {
                        const int64_t w = x * s.stride + left;
                        to[x] = w >= 0 && w < s.width ? row[w] : 0.f;
                    }
                }
}

/// Adds products[(out channel, kernel cell)][input cell] to the output cells they belong to.
[[maybe_unused]] void stamp(const PeerData& data, const float* products) {
    const BenchShape& s = data.shape;
    for (int64_t o = 0; o < s.out_channels; ++o) {
        float* const plane = data.output + o * data.plane();
        std::fill(plane, plane + data.plane(), data.bias[o]);
        for (int64_t r = 0; r < s.kernel; ++r)
            for (int64_t q = 0; q < s.kernel; ++q)
                for (int64_t y = 0; y < s.height; ++y, products += s.width) {
                    const int64_t h = y * s.stride - s.padding + r, left = q - s.padding;
                    if (h < 0 || h >= data.out_height) continue;
                    for (int64_t x = 0; x < s.width; ++x) {
                        const int64_t w = x * s.stride + left;
                        if (w >= 0 && w < data.out_width)
                            plane[h * data.out_width + w] += products[x];
                    }
                }
    }
}

template <class Multiply>
[[maybe_unused]] void add(const char* name, const PeerData& data, Multiply multiply, Runners& to) {
    const BenchShape& s = data.shape;
    const auto result = [&data] { return data.result(); };
    if (s.op == BenchOp::conv && s.groups == 1) {
        const int64_t taps = s.channels * s.kernel * s.kernel, plane = data.plane();
        const int64_t rows =
            std::clamp<int64_t>((int64_t(1) << 17) / (taps * data.out_width), 1, data.out_height);
        const auto windows =
            std::make_shared<std::vector<float>>(static_cast<size_t>(taps * rows * data.out_width));
        const auto run = [=, &data, &s] {
            for (int64_t first = 0; first < data.out_height; first += rows) {
                const int64_t last = std::min(data.out_height, first + rows),
                              cells = (last - first) * data.out_width;
                lay_out_windows(data, first, last, windows->data());
                float* const out = data.output + first * data.out_width;
                for (int64_t o = 0; o < s.out_channels; ++o)
                    std::fill(out + o * plane, out + o * plane + cells, data.bias[o]);
                multiply({s.out_channels, cells, taps, data.weight, windows->data(), out, plane,
                          false, true});
            }
        };
        to.push_back({name, "windows × weights", Kind::plain, run, result});
    } else if (s.op == BenchOp::conv_transpose) {
        const int64_t stamps = s.out_channels * s.kernel * s.kernel, cells = s.height * s.width;
        const auto products =
            std::make_shared<std::vector<float>>(static_cast<size_t>(stamps * cells));
        const auto run = [=, &data, &s] {
            multiply({stamps, cells, s.channels, data.weight, data.input, products->data(), cells,
                      true, false});
            stamp(data, products->data());
        };
        to.push_back({name, "weights × input, stamped", Kind::plain, run, result});
    }
}

}  // namespace

#ifdef HAVE_EIGEN
void add_eigen(const PeerData& data, int threads, Runners& to) {
    using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto multiply = [threads](const Product& p) {
        Eigen::setNbThreads(threads);
        const Eigen::Map<const Matrix> b(p.b, p.k, p.n);
        Eigen::Map<Matrix, 0, Eigen::OuterStride<>> c(p.c, p.m, p.n,
                                                      Eigen::OuterStride<>(p.c_step));
        if (!p.adds) c.setZero();
        if (p.transpose_a)
            c.noalias() += Eigen::Map<const Matrix>(p.a, p.k, p.m).transpose() * b;
        else
            c.noalias() += Eigen::Map<const Matrix>(p.a, p.m, p.k) * b;
    };
    add("eigen", data, multiply, to);
}
#else
void add_eigen(const PeerData&, int, Runners&) {}
#endif

#ifdef HAVE_OPENBLAS
void add_openblas(const PeerData& data, int threads, Runners& to) {
    const auto multiply = [threads](const Product& p) {
        openblas_set_num_threads(threads);
        const auto m = static_cast<int>(p.m), n = static_cast<int>(p.n), k = static_cast<int>(p.k);
        cblas_sgemm(CblasRowMajor, p.transpose_a ? CblasTrans : CblasNoTrans, CblasNoTrans, m, n, k,
                    1, p.a, p.transpose_a ? m : k, p.b, n, p.adds ? 1.f : 0.f, p.c,
                    static_cast<int>(p.c_step));
    };
    add("openblas", data, multiply, to);
}
#else
void add_openblas(const PeerData&, int, Runners&) {}
#endif

}  // namespace convscope

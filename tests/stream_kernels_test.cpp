// The inner loops of batch norm, pooling and activations where contract_test's small documents do not lead: long rows, many
// pieces, stores past the caches, several threads. Compared with plain loops in double, on every instruction set.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/kernels/curves.h"
#include "core/kernels/norm_passes.h"
#include "core/kernels/pool_rows.h"
#include "core/kernels/row_sums.h"
#include "core/pool_parts.h"
#include "core/workers.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

class StreamKernels : public testing::TestWithParam<std::string> {
  protected:
    StreamKernels() { use_instruction_set(GetParam()); }
    ~StreamKernels() override { use_instruction_set(""); }
    std::mt19937_64 random_{7};

    std::vector<float> numbers(int64_t count, double mean, double spread) {
        std::normal_distribution<double> draw(mean, spread);
        std::vector<float> values;
        for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(draw(random_)));
        return values;
    }
    int64_t whole(int64_t low, int64_t high) {
        return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
    }
};
INSTANTIATE_TEST_SUITE_P(Sets, StreamKernels, testing::ValuesIn(instruction_sets()),
                         [](const auto& set) { return set.param; });

bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// ---- Batch norm

struct Exact {
    long double mean = 0, var = 0;
};
Exact exact_moments(const std::vector<float>& values) {
    Exact exact;
    for (const float v : values) exact.mean += static_cast<long double>(v);
    exact.mean /= static_cast<long double>(values.size());
    for (const float v : values) {
        const long double deviation = static_cast<long double>(v) - exact.mean;
        exact.var += deviation * deviation;
    }
    exact.var /= static_cast<long double>(values.size());
    return exact;
}

TEST_P(StreamKernels, MomentsAreThoseOfTwoPasses) {
    struct Case {
        const char* what;
        double mean, spread;
        float first;
    };
    for (const Case& c : {Case{"plain", 0, 1, 0.5f}, Case{"far from 0", 1e4, 1, 1e4f},
                          Case{"very far", 1e6, 0.25, 1e6f}, Case{"an outlier first", 3, 1, 1e6f},
                          Case{"small", 1e-9, 1e-10, 0}, Case{"large", -1e12, 1e11, 0}})
        for (const int64_t count : {1, 2, 5, 17, 63, 64, 65, 1000, 4096, 4097, 20000}) {
            SCOPED_TRACE(std::string(c.what) + " " + std::to_string(count));
            std::vector<float> values = numbers(count, c.mean, c.spread);
            values[0] = c.first;
            const Exact exact = exact_moments(values);
            const Moments m = moments_of(values.data(), count);
            EXPECT_EQ(m.count, static_cast<double>(count));
            const auto mean = static_cast<double>(exact.mean), var = static_cast<double>(exact.var);
            EXPECT_NEAR(m.mean, mean, 2e-7 * std::sqrt(var) + 1e-12 * std::abs(mean));
            EXPECT_NEAR(m.squares / m.count, var, 2e-6 * var);
        }
}

TEST_P(StreamKernels, MomentsSayWhenTheyAreNotSure) {
    const auto is_sure_of = [](std::vector<float> values) {
        return is_sure(moments_of(values.data(), static_cast<int64_t>(values.size())));
    };
    std::vector<float> values = numbers(9000, 1, 1);
    EXPECT_TRUE(is_sure_of(values));
    values[5000] = kInf;
    EXPECT_FALSE(is_sure_of(values));
    values[5000] = kNan;
    EXPECT_FALSE(is_sure_of(values));
    values[5000] = 3e38f;
    EXPECT_FALSE(is_sure_of(values));
    EXPECT_FALSE(is_sure_of(numbers(9000, 0, 1e-20)));
    EXPECT_FALSE(is_sure_of(std::vector<float>(9000, 0.1f)));  // exactly no variance
    EXPECT_EQ(moments_of(std::vector<float>(9000, 0.1f).data(), 9000).squares, 0);
}

TEST_P(StreamKernels, NormalisingIsDoneInDoubleAndRoundedOnce) {
    const Normalisation by{1234.5, 0.037, 1.7, -0.3};
    for (const bool is_streamed : {false, true})
        for (const int64_t count : {1, 3, 16, 33, 100, 1027})
            for (const int64_t shift : {0, 1, 5}) {
                const std::vector<float> x = numbers(count, 1234, 30);
                std::vector<float> a(x.size() + 8), b(a), c(a);
                normalise(x.data(), count, by,
                          {a.data() + shift, b.data() + shift, c.data() + shift, is_streamed});
                for (size_t i = 0; i < x.size(); ++i) {
                    const size_t at = i + static_cast<size_t>(shift);
                    const double centred = static_cast<double>(x[i]) - by.mean;
                    const double normalised = centred * by.inverse;
                    ASSERT_EQ(a[at], static_cast<float>(centred));
                    ASSERT_EQ(b[at], static_cast<float>(normalised));
                    ASSERT_EQ(c[at], static_cast<float>(normalised * by.weight + by.bias));
                }
                ASSERT_EQ(c[x.size() + static_cast<size_t>(shift)], 0);  // nothing beyond
            }
}

TEST_P(StreamKernels, NormalisingInFloatRoundsThreeTimes) {
    for (const double mean : {0.0, 1234.5678, -3e7 / 7}) {
        const Normalisation by{mean, 0.037, 1.7, -0.3};
        ASSERT_TRUE(is_moderate(by));
        const std::vector<float> x = numbers(3000, mean, 2);
        std::vector<float> a(x.size()), b(a), c(a);
        normalise(x.data(), 3000, by, {a.data(), b.data(), c.data(), false, true});
        for (size_t i = 0; i < x.size(); ++i) {
            const double centred = static_cast<double>(x[i]) - by.mean;
            const double normalised = centred * by.inverse,
                         output = normalised * by.weight + by.bias;
            const double unit = 0x1p-24, near = 1e-14 * std::abs(mean);
            ASSERT_NEAR(static_cast<double>(a[i]), centred, 2 * unit * std::abs(centred) + near);
            ASSERT_NEAR(static_cast<double>(b[i]), normalised,
                        4 * unit * std::abs(normalised) + near);
            ASSERT_NEAR(
                static_cast<double>(c[i]), output,
                unit * (4 * std::abs(normalised * by.weight) + 2 * std::abs(by.bias)) + near);
        }
    }
    EXPECT_FALSE(is_moderate({1e38, 1, 1, 0}));
    EXPECT_FALSE(is_moderate({0, 1e-35, 1, 0}));
    EXPECT_FALSE(is_moderate({0, 1, 1e35, 0}));
    EXPECT_FALSE(is_moderate({0, std::nan(""), 1, 0}));
    EXPECT_TRUE(is_moderate({0, 0, 1, 0}));
}

/// batch_norm2d in train mode on that input, all stages; backward too.
std::vector<Tensor> batch_norm(const Tensor& input, const Tensor& grad, Workers* workers) {
    const Op& op = *find_op("batch_norm2d");
    const Params params = op.fit_channels(standard_params(op), input.shape().c);
    const Plan plan = op.plan(params, input.shape(), true);
    std::vector<Tensor> weights, buffers, stages(plan.stages.size());
    for (const WeightSpec& spec : plan.weights)
        weights.emplace_back(spec.shape, 1.5f);  // and biases
    for (const BufferSpec& spec : plan.buffers) buffers.emplace_back(spec.shape, spec.initial);
    std::vector<int> wanted;
    for (size_t s = 0; s < plan.stages.size(); ++s) wanted.push_back(static_cast<int>(s));
    Progress progress;
    progress.workers = workers;
    const LayerInputs inputs{input, weights, buffers, true};
    EXPECT_TRUE(op.forward(params, plan, inputs, wanted, stages, progress));
    EXPECT_TRUE(op.backward(params, plan, inputs, grad, wanted, stages, progress));
    return stages;
}

TEST_P(StreamKernels, LargeBatchNormsAreThoseOfDoubleLoops) {
    const Op& op = *find_op("batch_norm2d");
    Workers workers(3);
    // Channels that one core keeps, and some of several slices whose planes start anywhere.
    for (const Shape shape : {Shape{2, 3, 101, 103}, Shape{3, 2, 331, 401}}) {
        SCOPED_TRACE(to_string(shape));
        Tensor input(shape, numbers(shape.count(), 5000, 2));
        const Tensor grad(shape, numbers(shape.count(), 0.1, 1));
        input.mutate()[static_cast<size_t>(shape.plane())] = -2e6f;  // an outlier in channel 1
        const std::vector<Tensor> stages = batch_norm(input, grad, &workers);
        const std::vector<Tensor> alone = batch_norm(input, grad, nullptr);
        for (size_t s = 0; s < stages.size(); ++s)
            ASSERT_TRUE(std::ranges::equal(stages[s].values(), alone[s].values(), same));
        const Plan plan = op.plan(op.fit_channels(standard_params(op), shape.c), shape, true);
        const auto stage = [&](const char* name, Index at) {
            return static_cast<double>(stages[static_cast<size_t>(plan.stage(name))].at(at));
        };
        for (int64_t c = 0; c < shape.c; ++c) {
            std::vector<float> x, g;
            for (int64_t n = 0; n < shape.n; ++n) {
                const auto plane = [&](const Tensor& t, std::vector<float>& all) {
                    const float* const first = t.data() + shape.offset({n, c, 0, 0});
                    all.insert(all.end(), first, first + shape.plane());
                };
                plane(input, x);
                plane(grad, g);
            }
            const Exact exact = exact_moments(x);
            const double inverse = 1 / std::sqrt(static_cast<double>(exact.var) + 1e-5);
            EXPECT_NEAR(stage("mean", {0, c, 0, 0}) / static_cast<double>(exact.mean), 1, 1e-7);
            EXPECT_NEAR(stage("var", {0, c, 0, 0}) / static_cast<double>(exact.var), 1, 5e-6);
            std::vector<double> normalised;
            double grads = 0, products = 0;
            for (size_t i = 0; i < x.size(); ++i) {
                normalised.push_back(
                    static_cast<double>(static_cast<long double>(x[i]) - exact.mean) * inverse);
                grads += static_cast<double>(g[i]);
                products += static_cast<double>(g[i]) * normalised[i];
            }
            EXPECT_NEAR(stage("grad_bias", {0, c, 0, 0}), grads, 1e-6 * std::abs(grads));
            EXPECT_NEAR(stage("grad_weight", {0, c, 0, 0}), products,
                        2e-6 * std::abs(products) + 1e-2);
            const auto values = static_cast<double>(x.size());
            for (size_t i = 0; i < x.size(); i += 37) {
                const auto at = static_cast<int64_t>(i);
                const Index cell{at / shape.plane(), c, at % shape.plane() / shape.w, at % shape.w};
                const double close = 3e-6 * (1 + std::abs(normalised[i]));
                ASSERT_NEAR(stage("normalised", cell), normalised[i], close);
                ASSERT_NEAR(stage("output", cell), 1.5 * normalised[i] + 1.5, 1.5 * close);
                ASSERT_NEAR(stage("grad_input", cell),
                            1.5 * inverse *
                                (static_cast<double>(g[i]) - grads / values -
                                 normalised[i] * products / values),
                            1e-5 * 1.5 * inverse);
            }
        }
    }
}

TEST_P(StreamKernels, BatchNormOfWhatFloatCannotAddUp) {
    const Shape shape{1, 5, 160, 160};
    Tensor input(shape, 0.1f);
    const std::span<float> x = input.mutate();
    const auto channel = [&](int64_t c) {
        return x.subspan(static_cast<size_t>(c * shape.plane()),
                         static_cast<size_t>(shape.plane()));
    };
    const auto fill = [&](int64_t c, double spread) {
        std::ranges::copy(numbers(shape.plane(), 0, spread), channel(c).begin());
    };
    fill(1, 1e-20);
    fill(2, 1e30);
    fill(3, 1);
    channel(3)[777] = kInf;
    fill(4, 1);
    channel(4)[20000] = kNan;
    const Plan plan =
        find_op("batch_norm2d")
            ->plan(
                find_op("batch_norm2d")->fit_channels(standard_params(*find_op("batch_norm2d")), 5),
                shape, true);
    const std::vector<Tensor> stages = batch_norm(input, Tensor(shape, 1.0f), nullptr);
    const auto stage = [&](const char* name, int64_t c) {
        return stages[static_cast<size_t>(plan.stage(name))].at({0, c, 0, 0});
    };
    EXPECT_EQ(stage("mean", 0), 0.1f);
    EXPECT_EQ(stage("var", 0), 0);
    EXPECT_EQ(stage("output", 0), 1.5f);  // the bias
    const double var = static_cast<double>(stage("var", 1));
    EXPECT_NEAR(var, 1e-40, 2e-42);
    const double deviation =
        std::sqrt(static_cast<double>(exact_moments({channel(2).begin(), channel(2).end()}).var));
    EXPECT_NEAR(
        static_cast<double>(stage("normalised", 2)),
        (static_cast<double>(channel(2)[0]) - static_cast<double>(stage("mean", 2))) / deviation,
        1e-5);
    EXPECT_EQ(stage("mean", 3), kInf);
    EXPECT_TRUE(std::isnan(stage("var", 3)));
    EXPECT_TRUE(std::isnan(stage("mean", 4)));
}

// ---- Pools

TEST_P(StreamKernels, RowsOfWindowsAreThoseOfPlainLoops) {
    for (int i = 0; i < 3000; ++i) {
        WindowAxis a;
        a.in = whole(1, 120);
        a.kernel = whole(1, 5);
        a.stride = whole(1, 4);
        a.dilation = whole(1, 3);
        a.pad_before = a.pad_after = whole(0, (a.kernel - 1) / 2 + 1);
        a.out = floor_div(a.in + 2 * a.pad_before - a.span(), a.stride) + 1 + whole(0, 1);
        if (a.out < 1) continue;
        const int64_t height = whole(1, 3);
        std::vector<float> plane = numbers(a.in * height, 0, 1);
        for (float& v : plane) {
            v = std::round(v * 2);  // ties
            if (whole(0, 30) == 0) v = whole(0, 1) == 0 ? kNan : -kInf;
        }
        std::vector<int64_t> rows;
        for (int64_t h = 0; h < height; ++h) rows.push_back(h);
        const auto shift = static_cast<size_t>(whole(0, 5));
        const auto size = static_cast<size_t>(a.out);
        std::vector<float> best(size + 16, 7), indices(best), means(best);
        std::vector<int32_t> places(best.size(), 7);
        const bool is_streamed = whole(0, 1) == 0;
        // Streamed stores of places go where those of values do.
        const Tensor aligned({1, 1, 2, 256}, kUnfilled);
        float* const out = const_cast<float*>(aligned.data()) + shift;
        float* const index_out = out + 256;
        out[a.out] = index_out[a.out] = 7;
        max_row({a, plane.data(), rows, out, is_streamed}, index_out);
        std::copy_n(out, size + 1, best.begin());
        std::copy_n(index_out, size + 1, indices.begin());
        max_row({a, plane.data(), rows, out, false}, places.data());
        out[a.out] = 7;
        max_row({a, plane.data(), rows, out, is_streamed}, static_cast<float*>(nullptr));
        ASSERT_EQ(std::memcmp(out, best.data(), (size + 1) * sizeof(float)), 0)
            << "without the places";
        std::vector<double> divisors(size);
        const auto tap = [&](int64_t o, int64_t s) {
            return o * a.stride - a.pad_before + s * a.dilation;
        };
        for (int64_t o = 0; o < a.out; ++o) {
            double cells = 0;
            for (int64_t s = 0; s < a.kernel; ++s) cells += tap(o, s) >= 0 && tap(o, s) < a.in;
            divisors[static_cast<size_t>(o)] = std::max(1.0, cells * static_cast<double>(height));
        }
        out[a.out] = 7;
        mean_row({a, plane.data(), rows, out, is_streamed}, divisors.data());
        std::copy_n(out, size + 1, means.begin());
        for (size_t o = 0; o < size; ++o) {
            float value = -kInf;
            int64_t place = -1;
            double total = 0;
            for (int64_t h = 0; h < height; ++h) {
                double sum = 0;
                for (int64_t s = 0; s < a.kernel; ++s) {
                    const int64_t w = tap(static_cast<int64_t>(o), s);
                    if (w < 0 || w >= a.in) continue;
                    const float x = plane[static_cast<size_t>(h * a.in + w)];
                    sum += static_cast<double>(x);
                    if (place < 0 || std::isnan(x) || x > value) value = x, place = h * a.in + w;
                }
                total += sum;
            }
            ASSERT_TRUE(same(best[o], value)) << o << ": " << best[o] << ", not " << value;
            ASSERT_EQ(indices[o], static_cast<float>(place));
            ASSERT_EQ(places[o], place);
            ASSERT_TRUE(same(means[o], static_cast<float>(total / divisors[o]))) << o;
        }
        ASSERT_EQ(best[size], 7);
        ASSERT_EQ(indices[size], 7);
        ASSERT_EQ(places[size], 7);
        ASSERT_EQ(means[size], 7);
    }
}

// ---- All that is shared between threads

TEST_P(StreamKernels, ThreadsChangeNothing) {
    Workers workers(3);
    const Shape shape{2, 3, 601, 457};  // large enough for stores past the caches
    const Tensor input(shape, numbers(shape.count(), 0, 2));
    for (const char* id : {"relu", "leaky_relu", "tanh", "max_pool2d", "avg_pool2d", "upsample"}) {
        SCOPED_TRACE(id);
        const Op& op = *find_op(id);
        const Params params = op.fit_channels(standard_params(op), shape.c);
        const Plan plan = op.plan(params, shape, true);
        const Tensor grad(plan.output_stage().shape,
                          numbers(plan.output_stage().shape.count(), 0, 1));
        std::vector<int> wanted;
        for (size_t s = 0; s < plan.stages.size(); ++s) wanted.push_back(static_cast<int>(s));
        std::vector<Tensor> alone(plan.stages.size()), together(plan.stages.size());
        Progress progress;
        const LayerInputs inputs{input, {}, {}, true};
        ASSERT_TRUE(op.forward(params, plan, inputs, wanted, alone, progress));
        ASSERT_TRUE(op.backward(params, plan, inputs, grad, wanted, alone, progress));
        progress.workers = &workers;
        ASSERT_TRUE(op.forward(params, plan, inputs, wanted, together, progress));
        ASSERT_TRUE(op.backward(params, plan, inputs, grad, wanted, together, progress));
        for (size_t s = 0; s < alone.size(); ++s)
            ASSERT_TRUE(std::ranges::equal(alone[s].values(), together[s].values(), same))
                << plan.stages[s].name;
    }
}

TEST_P(StreamKernels, ReluOfALargeTensor) {
    const std::vector<float> x = numbers(5000, 0, 1);
    for (const bool is_streamed : {false, true})
        for (const int64_t shift : {0, 1, 7, 16})
            for (const int64_t count : {0, 1, 15, 16, 17, 4000}) {
                std::vector<float> y(x.size() + 32, 7);
                curve_values(Curve::relu, 0, x.data(), count, y.data() + shift, is_streamed);
                for (int64_t i = 0; i < count; ++i)
                    ASSERT_EQ(y[static_cast<size_t>(i + shift)],
                              std::max(0.0f, x[static_cast<size_t>(i)]));
                ASSERT_EQ(y[static_cast<size_t>(count + shift)], 7);
            }
}

}  // namespace
}  // namespace convscope

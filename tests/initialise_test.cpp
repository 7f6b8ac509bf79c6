// Initial weights: PyTorch's standard deviations, and what networks of such weights do.
#include "core/initialise.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/presets.h"

namespace convscope {
namespace {

using Kind = Initialisation::Kind;

/// torch.nn.init of PyTorch 1.13 with calculate_gain's numbers: the std it passes to normal_.
TEST(Initialise, standard_deviations_are_pytorchs) {
    const Shape linear{256, 256, 1, 1}, kernel{8, 3, 5, 5}, transposed{16, 4, 4, 2};
    EXPECT_NEAR(initial_std({Kind::xavier, 1}, linear), 0.0625, 1e-12);
    EXPECT_NEAR(initial_std({Kind::xavier, 5.0 / 3}, kernel), 0.14213381090374028, 1e-12);
    EXPECT_NEAR(initial_std({Kind::xavier, 1}, transposed), 0.11180339887498948, 1e-12);
    EXPECT_NEAR(initial_std({Kind::he, 1}, linear), 0.08838834764831845, 1e-12);
    EXPECT_NEAR(initial_std({Kind::he, 1}, kernel), 0.16329931618554522, 1e-12);
    EXPECT_NEAR(initial_std({Kind::he, 1}, transposed), 0.25, 1e-12);
    EXPECT_NEAR(initial_std({Kind::gain, 0.5}, linear), 0.03125, 1e-12);
}

/// Mean 0 and that deviation within five standard errors; a normal's fourth moment is 3, a uniform's 1.8.
TEST(Initialise, values_are_spread_as_asked) {
    for (const bool uniform : {false, true}) {
        const Initialisation init{Kind::he, 1.5, uniform};
        const Tensor weight = initialised(init, {64, 32, 3, 3}, 7);
        const auto count = static_cast<double>(weight.shape().count());
        const double std = initial_std(init, weight.shape());
        double sum = 0, squares = 0, fourth = 0, largest = 0;
        for (const float v : weight.values()) {
            const double scaled = static_cast<double>(v) / std;
            sum += scaled;
            squares += scaled * scaled;
            fourth += scaled * scaled * scaled * scaled;
            largest = std::max(largest, std::abs(scaled));
        }
        const double kurtosis = uniform ? 1.8 : 3;
        EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(count));
        EXPECT_NEAR(squares / count, 1, 5 * std::sqrt((kurtosis - 1) / count));
        EXPECT_NEAR(fourth / count, kurtosis, 0.15);
        if (uniform)
            EXPECT_LE(largest, std::sqrt(3.0) * (1 + 1e-6));
        else
            EXPECT_GT(largest, 3);
    }
}

TEST(Initialise, one_seed_one_weight) {
    const auto list = [](const Tensor& t) {
        return std::vector<float>(t.values().begin(), t.values().end());
    };
    const Initialisation init{Kind::xavier, 1};
    const Shape shape{4, 4, 3, 3};
    EXPECT_EQ(list(initialised(init, shape, 5)), list(initialised(init, shape, 5)));
    EXPECT_NE(list(initialised(init, shape, 5)), list(initialised(init, shape, 6)));
    Document document = standard_document();
    document.layers.push_back(document.layers[0]);
    document = with_param(document, 1, "bias", true);
    document = with_weight(document, 1, 1, Tensor({1, 1, 1, 1}, 7.0f));
    const Document all = with_initialised_weights(document, -1, init, 1);
    EXPECT_NE(list(all.layers[0].weights[0]), list(all.layers[1].weights[0]));
    EXPECT_EQ(all.layers[1].weights[1].at({}), 7.0f);
    const Document second = with_initialised_weights(document, 1, init, 1);
    EXPECT_EQ(second.layers[0], document.layers[0]);
    EXPECT_EQ(list(second.layers[1].weights[0]), list(all.layers[1].weights[0]));
}

TEST(Initialise, channels_lose_the_names_of_the_kernels_they_had) {
    Document document;
    for (const DocumentPreset& preset : document_presets())
        if (preset.name == "Depthwise") document = preset.make();
    document = with_initialised_weights(document, -1, {}, 1);
    EXPECT_EQ(document.layers[0].channel_names,
              (std::vector<std::string>{"channel 0", "channel 1", "channel 2"}));
}

TEST(Initialise, a_gain_that_is_none_is_said) {
    const auto sentence = [](double gain) {
        const auto problem = initialisation_problem({Kind::he, gain});
        return problem ? problem->whole() : "none";
    };
    EXPECT_EQ(sentence(0), "none");
    EXPECT_EQ(sentence(1e6), "none");
    EXPECT_EQ(sentence(-0.5), "gain is −0.5. Choose 0 to 1000000.");
    EXPECT_NE(sentence(std::nan("")), "none");
    EXPECT_NE(sentence(std::numeric_limits<double>::infinity()), "none");
    EXPECT_EQ(initialisation_kind("xavier"), Kind::xavier);
    EXPECT_EQ(initialisation_kind("Glorot"), std::nullopt);
}

}  // namespace
}  // namespace convscope

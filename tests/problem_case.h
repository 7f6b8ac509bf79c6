// A layer that cannot be, as a test case: its sentence, its remedies, and that these work.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/layer_case.h"

namespace convscope {

/// Parameters that differ from a fresh layer's.
using Settings = std::vector<std::pair<const char*, Value>>;

inline Params params_with(const Op& op, const Settings& settings) {
    Params params = standard_params(op);
    for (const auto& [key, value] : settings)
        params.at(static_cast<size_t>(field_index(op, key))) = value;
    return params;
}

/// Every remedy, applied, makes the layer possible.
inline void expect_remedies_work(const Op& op, const Params& params, Shape input,
                                 const Problem& problem) {
    EXPECT_LE(problem.remedies.size(), 2u);
    for (const Remedy& remedy : problem.remedies) {
        SCOPED_TRACE(remedy.label);
        const int field = field_index(op, remedy.key);
        ASSERT_GE(field, 0) << remedy.key;
        Params cured = params;
        ASSERT_EQ(cured[static_cast<size_t>(field)].index(), remedy.value.index());
        ASSERT_NE(cured[static_cast<size_t>(field)], remedy.value);
        cured[static_cast<size_t>(field)] = remedy.value;
        const Plan plan = op.plan(cured, input, true);
        EXPECT_FALSE(plan.problem) << plan.problem->whole();
        EXPECT_TRUE(remedy.label.starts_with("Use "));
    }
}

struct Expected {
    std::string whole, key;
    std::vector<std::string> labels;
};

inline void expect_problem(const char* id, Shape input, const Settings& settings,
                           const Expected& expected) {
    SCOPED_TRACE(expected.whole);
    const Op& op = *find_op(id);
    const Params params = params_with(op, settings);
    const Plan plan = op.plan(params, input, true);
    ASSERT_TRUE(plan.problem.has_value());
    EXPECT_EQ(plan.problem->whole(), expected.whole);
    EXPECT_EQ(plan.problem->key, expected.key);
    std::vector<std::string> labels;
    for (const Remedy& remedy : plan.problem->remedies) labels.push_back(remedy.label);
    EXPECT_EQ(labels, expected.labels);
    expect_remedies_work(op, params, input, *plan.problem);
}

}  // namespace convscope

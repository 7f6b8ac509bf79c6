// From a Trouble to the Problem that a person reads. Cures that do not cure are left out, so a button always helps.
#pragma once

#include <fmt/format.h>

#include "core/make_op.h"
#include "core/trouble.h"

namespace convscope {

/// The parameters after a remedy.
template <class P>
P with_remedy(P p, const Remedy& remedy) {
    for (const auto& row : P::fields())
        if (row.field.key == remedy.key)
            std::visit([&]<class T>(T P::*member) { p.*member = std::get<T>(remedy.value); },
                       row.member);
    return p;
}

/// `P::find_trouble(p, input)` must exist: an optional Trouble.
template <class P>
std::optional<Problem> find_problem(const P& p, Shape input) {
    std::optional<Trouble> trouble = P::find_trouble(p, input);
    if (!trouble) return {};
    const auto first_of_keys =
        [&](auto accept) {  // the first accepted one for each key, at most two
            std::vector<Cure> chosen;
            for (const Cure& cure : trouble->cures) {
                const bool have_key = !chosen.empty() && chosen[0].remedy.key == cure.remedy.key;
                if (chosen.size() < 2 && !have_key && accept(cure)) chosen.push_back(cure);
            }
            return chosen;
        };
    const std::vector<Cure> working = first_of_keys(
        [&](const Cure& cure) { return !P::find_trouble(with_remedy(p, cure.remedy), input); });
    // With a second trouble elsewhere nothing helps alone; the words are still the way out of this one.
    const std::vector<Cure> named =
        working.empty() ? first_of_keys([](const Cure&) { return true; }) : working;
    Problem problem{
        .sentence = trouble->sentence, .advice = {}, .key = trouble->key, .remedies = {}};
    for (size_t i = 0; i < named.size(); ++i)
        problem.advice += (i == 0 ? "Choose " : ", or ") + named[i].words;
    if (!named.empty()) problem.advice += ".";
    for (const Cure& cure : working) problem.remedies.push_back(cure.remedy);
    return problem;
}

}  // namespace convscope

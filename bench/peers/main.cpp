// Side by side in one process: Convscope and the libraries a user would pick instead, on one shape after the other, all
// ways of a shape in turn, round by round, so that whatever else the machine does hits them alike.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "bench/layer.h"
#include "bench/peers/peers.h"

namespace convscope {
namespace {

struct Options {
    std::vector<std::string> only, peers;
    std::vector<int> threads{1, 2};
    int rounds = 5;
    double milliseconds = 40;  // for each way in each round
    int settle = 40;  // milliseconds of rest before each way where more than one thread works
    std::string json;
};

/// Best peer ÷ ours that is wanted, with one thread and with two.
const std::map<std::string, std::pair<double, double>>& goals() {
    static const std::map<std::string, std::pair<double, double>> all{
        {"a_1x1080p_1_3x3", {3.2, 5}},      {"b_1x1080p_16_3x3", {3, 4.5}},
        {"c_3x4K_8_3x3", {2.2, 3}},         {"d_3x1080p_32_5x5", {1.6, 1.6}},
        {"e_1x1080p_1_11x11", {3.3, 6}},    {"e_sep_1x1080p_1_11x11", {10, 10}},
        {"f_3x1080p_16_3x3s2", {2.3, 2}},   {"g_64x56_64_3x3", {.95, .95}},
        {"h_3x224_64_7x7s2", {1.05, 1.05}}, {"i_dw32x512_3x3", {2.5, 2.5}},
        {"j_3x1080p_32_5x5d2", {1.6, 1.6}}, {"k1…k5", {1.3, 1.35}},
        {"l_16x256_8_4s2", {6, 6}},         {"m_1x540p_1_2s2", {10, 15}},
        {"n_bntrain_64x256", {8, 6}},       {"n_bntrain_3x1080p", {8, 6}},
        {"n_bneval_64x256", {1.35, 1.35}},  {"n_bneval_3x1080p", {1.35, 1.35}},
        {"o_maxpool_16x1080p", {5, 5}},     {"o_relu_16x1080p", {1.2, 1.2}},
        {"t_tiny7x7_3x3", {2.5, 2.5}},
    };
    return all;
}

/// A way that takes so many times the fastest one's time gets one call and no turns.
constexpr double kFarOff = 50;

const std::vector<std::string> kPeers{"onednn", "torch", "opencv", "eigen", "openblas"};

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const size_t middle = values.size() / 2;
    return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// What one way of one shape took, in milliseconds.
struct Timing {
    std::string shape, peer, mode;
    int threads = 1;
    Kind kind = Kind::plain;
    double median = 0, best = INFINITY, error = 0;
    bool exact = true;  // the error is one that summing float32 can explain
};

/// Milliseconds of single calls, for about as long as asked; calls too short for the clock are timed many at once.
std::vector<double> timed(const Runner& runner, double milliseconds, int at_once) {
    std::vector<double> samples;
    const double start = seconds();
    do {
        const double begin = seconds();
        for (int i = 0; i < at_once; ++i) runner.run();
        samples.push_back((seconds() - begin) * 1e3 / at_once);
    } while ((seconds() - start) * 1e3 < milliseconds);
    return samples;
}

std::vector<Timing> measure(const BenchShape& shape, int threads, const Options& options) {
    BenchLayer layer(shape, threads);
    const PeerData data(shape, layer);
    Runners runners;
    const auto wants = [&](const std::string& peer) {
        return options.peers.empty() ||
               std::ranges::find(options.peers, peer) != options.peers.end();
    };
    add_convscope(layer, runners);
    if (wants("onednn")) add_onednn(data, threads, runners);
    if (wants("torch")) add_torch(data, threads, runners);
    if (wants("opencv")) add_opencv(data, threads, runners);
    if (wants("eigen")) add_eigen(data, threads, runners);
    if (wants("openblas")) add_openblas(data, threads, runners);

    const std::vector<Sample> samples = reference(data);
    std::vector<Timing> timings;
    double fastest_once = INFINITY;
    for (const Runner& runner : runners) {
        runner.run();
        const double once = timed(runner, 0, 1).front(),
                     error = scaled_error(samples, runner.result());
        timings.push_back({shape.id, runner.peer, runner.mode, threads, runner.kind, once, once,
                           error, error <= allowed_error(shape)});
        fastest_once = std::min(fastest_once, once);
    }
    std::vector<std::vector<double>> medians(runners.size());
    const int at_once = layer.input.shape().count() < 100 ? 500 : 1;
    for (int round = 0; round < options.rounds; ++round)
        for (size_t i = 0; i < runners.size(); ++i) {
            if (at_once == 1 && timings[i].median > kFarOff * fastest_once) continue;
            // Workers of the way before spin for a while after their last call.
            std::this_thread::sleep_for(
                std::chrono::milliseconds(threads > 1 ? options.settle : 4));
            runners[i].run();
            const std::vector<double> calls = timed(runners[i], options.milliseconds, at_once);
            medians[i].push_back(median(calls));
            timings[i].best = std::min(timings[i].best, *std::ranges::min_element(calls));
        }
    for (size_t i = 0; i < runners.size(); ++i)
        if (!medians[i].empty()) timings[i].median = median(medians[i]);
    return timings;
}

/// Three digits.
std::string short_number(double value) {
    if (value >= 100) return fmt::format("{:.0f}", value);
    return value < 0.01 ? fmt::format("{:.3g}", value) : fmt::format("{:#.3g}", value);
}

/// Fastest of that peer ("": of all but ours) by median, among the plain ways or among the others.
const Timing* fastest(const std::vector<Timing>& timings, const std::string& peer, bool plain) {
    const Timing* best = nullptr;
    for (const Timing& t : timings) {
        const bool is_asked = peer.empty() ? t.peer != "convscope" : t.peer == peer;
        if (is_asked && (t.kind == Kind::plain) == plain && (!best || t.median < best->median))
            best = &t;
    }
    return best;
}

std::string ratio_cell(const std::string& id, int threads, double ratio) {
    const auto goal = goals().find(id);
    std::string text = short_number(ratio);
    if (goal == goals().end()) return text + " |";
    const double wanted = threads == 1 ? goal->second.first : goal->second.second;
    return fmt::format("{}{} | {:g}", text, ratio >= wanted ? " ✓" : "", wanted);
}

/// A line of the Markdown table.
std::string row(const std::vector<Timing>& timings) {
    const Timing& ours = timings.front();
    std::string line =
        fmt::format("| {} | {}{} |", ours.shape, short_number(ours.median), ours.exact ? "" : "†");
    for (const std::string& peer : kPeers) {
        const Timing *plain = fastest(timings, peer, true), *other = fastest(timings, peer, false);
        line += plain ? fmt::format(" {}{}", short_number(plain->median), plain->exact ? "" : "†")
                      : " –";
        line += other
                    ? fmt::format(" [{}{}] |", short_number(other->median), other->exact ? "" : "†")
                    : " |";
    }
    const Timing *plain = fastest(timings, "", true), *other = fastest(timings, "", false);
    if (!plain) return line + " – | | – |";
    double best = INFINITY;
    for (const Timing& t : timings)
        if (t.kind == Kind::plain && t.peer != "convscope") best = std::min(best, t.best);
    const double any = std::min(plain->median, other ? other->median : INFINITY);
    return line + fmt::format(" {} | {} | {} |",
                              ratio_cell(ours.shape, ours.threads, plain->median / ours.median),
                              short_number(best / ours.best), short_number(any / ours.median));
}

/// The DCGAN generator's five layers together, as if they were one shape: each peer with its best way in each.
std::vector<Timing> generator_sum(const std::vector<Timing>& all, int threads) {
    std::vector<Timing> sums;
    std::vector<std::string> peers{"convscope"};
    peers.insert(peers.end(), kPeers.begin(), kPeers.end());
    for (const std::string& peer : peers) {
        std::map<std::string, std::vector<Timing>> layers;
        for (const Timing& t : all)
            if (t.shape.starts_with("k") && t.threads == threads && t.peer == peer)
                layers[t.shape].push_back(t);
        Timing sum{"k1…k5", peer, "sum", threads};
        sum.best = 0;
        for (const auto& [id, ways] : layers)
            if (const Timing* way = fastest(ways, peer, true)) {
                sum.median += way->median;
                sum.best += way->best;
            }
        if (layers.size() == 5) sums.push_back(sum);
    }
    return sums;
}

std::string processor() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown processor";
}

std::string load() {
    double average[3] = {};
    getloadavg(average, 3);
    return fmt::format("{:.1f}", average[0]);
}

int run(const Options& options) {
    nlohmann::json json{{"processor", processor()},
                        {"unix_time", std::time(nullptr)},
                        {"rounds", options.rounds},
                        {"results", nlohmann::json::array()}};
    std::vector<Timing> all;
    for (const int threads : options.threads) {
        fmt::print(
            "\n{} thread{}, median milliseconds; load {}; † less exact than float32 summing "
            "allows\n\n",
            threads, threads > 1 ? "s" : "", load());
        fmt::print(
            "| shape | Convscope | oneDNN | PyTorch | OpenCV | Eigen | OpenBLAS | best ÷ ours | "
            "goal | by fastest calls | any way ÷ ours |\n");
        fmt::print("|---|---|---|---|---|---|---|---|---|---|---|\n");
        for (const BenchShape& shape : bench_shapes()) {
            const auto begins = [&](const std::string& start) {
                return shape.id.starts_with(start);
            };
            if (!options.only.empty() && std::ranges::none_of(options.only, begins)) continue;
            const std::vector<Timing> timings = measure(shape, threads, options);
            all.insert(all.end(), timings.begin(), timings.end());
            fmt::print("{}\n", row(timings));
            std::fflush(stdout);
        }
        if (const auto sum = generator_sum(all, threads); !sum.empty())
            fmt::print("{}\n", row(sum));
        fmt::print("\nload {}\n", load());
    }
    static constexpr const char* kKinds[] = {"plain", "own layout", "trick"};
    for (const Timing& t : all)
        json["results"].push_back({{"shape", t.shape},
                                   {"threads", t.threads},
                                   {"peer", t.peer},
                                   {"mode", t.mode},
                                   {"kind", kKinds[static_cast<size_t>(t.kind)]},
                                   {"median_ms", t.median},
                                   {"best_ms", t.best},
                                   {"scaled_error", t.error},
                                   {"exact", t.exact}});
    if (all.empty()) fmt::print(stderr, "No shape's id begins so.\n");
    if (options.json.empty()) return all.empty();
    std::ofstream file(options.json);
    file << json.dump(1) << '\n';
    if (file.flush()) return 0;
    fmt::print(stderr, "{} cannot be written.\n", options.json);
    return 1;
}

/// OpenBLAS reads these when it is loaded, so the program starts anew: it is not to be held to an older instruction set, nor
/// to fall back to one on a processor that it does not know.
void free_openblas(char** arguments) {
    std::string core;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        core = __builtin_cpu_supports("avx512f") ? "SkylakeX" : "Haswell";
#endif
    const char* const type = std::getenv("OPENBLAS_CORETYPE");
    if (core == (type ? type : "") && !std::getenv("OPENBLAS_L2_SIZE")) return;
    unsetenv("OPENBLAS_L2_SIZE");
    core.empty() ? unsetenv("OPENBLAS_CORETYPE") : setenv("OPENBLAS_CORETYPE", core.c_str(), 1);
    execv("/proc/self/exe", arguments);
}

/// Memory given back is taken again without a page fault: for peers that allocate their output in every call.
void keep_memory() {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 2000 << 20);
    mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace

void add_convscope(BenchLayer& layer, Runners& to) {
    const auto result = [&layer] {
        const auto values = layer.output().values();
        return std::vector<float>(values.begin(), values.end());
    };
    to.push_back({"convscope", "rows", Kind::plain, [&layer] { layer.forward(); }, result});
}

}  // namespace convscope

int main(int count, char** arguments) {
    using namespace convscope;
    free_openblas(arguments);
    keep_memory();
    Options options;
    CLI::App app("Convscope beside oneDNN, PyTorch, OpenCV, Eigen and OpenBLAS", "convscope_peers");
    app.add_option("--only", options.only, "Shapes whose id begins so")->delimiter(',');
    app.add_option("--peers", options.peers, "These peers only")->delimiter(',');
    app.add_option("--threads", options.threads, "Numbers of threads")
        ->delimiter(',')
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--rounds", options.rounds, "Times each way has its turn")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_option("--ms", options.milliseconds, "Milliseconds of each turn")
        ->check(CLI::Range(0.0, 1e5))
        ->capture_default_str();
    app.add_option("--settle", options.settle,
                   "Milliseconds of rest before a turn of several threads")
        ->check(CLI::Range(0, 10000))
        ->capture_default_str();
    app.add_option("--json", options.json, "File for all results");
    CLI11_PARSE(app, count, arguments);
    return run(options);
}

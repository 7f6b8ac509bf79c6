// convscope eval: PyTorch's numbers for every op through one JSON line, and lines that are wrong in every way.
#include "app/cli/eval.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/eval_case.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

using nlohmann::json;

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

json answer_to(const json& line) {
    const EvalAnswer answer = eval_line(line.dump());
    EXPECT_EQ(answer.unreadable, "");
    EXPECT_EQ(answer.json.find('\n'), std::string::npos);
    return json::parse(answer.json);
}

std::string error_of(const json& line) { return answer_to(line).value("error", ""); }

Shape shape_of(const json& tensor) {
    const auto dims = tensor.at("shape").get<std::vector<int64_t>>();
    return dims.size() == 4 ? Shape{dims[0], dims[1], dims[2], dims[3]} : Shape{1, dims[0], 1, 1};
}

/// The case as a document, so that Σ |terms| of each answer is known.
Document document_of(const json& line) {
    const Op* op = find_op(line.at("op").get<std::string>());
    json params = line.at("params");
    const bool training = params.value("training", true);
    params.erase("training");
    const Params values = params_from(*op, params);
    const Shape input = shape_of(line.at("input"));
    const Plan plan = op->plan(values, input, training);
    EXPECT_FALSE(plan.problem) << plan.problem->whole();
    std::vector<Tensor> weights;
    for (const WeightSpec& spec : plan.weights)
        weights.push_back(tensor_from(line.at(spec.name), spec.shape));
    Document document = one_layer(*op, values, tensor_from(line.at("input"), input), weights,
                                  tensor_from(line.at("grad_output"), plan.output_stage().shape));
    document.training = training;
    for (const BufferSpec& spec : plan.buffers)
        document.layers[0].buffers.push_back(line.contains(spec.name)
                                                 ? tensor_from(line.at(spec.name), spec.shape)
                                                 : Tensor(spec.shape, spec.initial));
    return document;
}

/// Every tensor of the golden line that is an answer, against ours.
void expect_golden(const std::string& name, size_t at_least) {
    const std::vector<json> lines = golden_lines(name);
    ASSERT_GE(lines.size(), at_least);
    for (const json& line : lines) {
        SCOPED_TRACE(line.at("id").get<std::string>());
        const json answer = answer_to(line);
        ASSERT_FALSE(answer.contains("error")) << answer.at("error");
        EXPECT_EQ(answer.at("id"), line.at("id"));
        const Truth truth = explain_all(document_of(line));
        size_t compared = 0;
        for (const auto& [key, expected] : line.items()) {
            if (key != "output" && !key.ends_with("_after") &&
                (!key.starts_with("grad_") || key == "grad_output"))
                continue;
            SCOPED_TRACE(key);
            ++compared;
            ASSERT_TRUE(answer.contains(key));
            EXPECT_EQ(answer.at(key).at("shape"), expected.at("shape"));
            const auto ours = answer.at(key).at("data").get<std::vector<double>>(),
                       theirs = expected.at("data").get<std::vector<double>>();
            ASSERT_EQ(ours.size(), theirs.size());
            const int stage = truth.plan.stage(key);  // none: a buffer that stayed as it was
            for (size_t i = 0; i < ours.size(); ++i) {
                const double size =
                    stage < 0 ? 0 : truth.sizes[static_cast<size_t>(stage)].values()[i];
                ASSERT_NEAR(ours[i], theirs[i], 1e-5 * (1 + size)) << "value " << i;
            }
        }
        EXPECT_EQ(answer.size(), compared + 1);  // and the id: nothing else
    }
}

TEST(EvalGolden, conv2d) { expect_golden("conv2d.jsonl", 60); }
TEST(EvalGolden, conv_transpose2d) { expect_golden("conv_transpose2d.jsonl", 60); }
TEST(EvalGolden, batch_norm2d) { expect_golden("batch_norm2d.jsonl", 30); }
TEST(EvalGolden, max_pool2d) { expect_golden("max_pool2d.jsonl", 15); }
TEST(EvalGolden, avg_pool2d) { expect_golden("avg_pool2d.jsonl", 15); }
TEST(EvalGolden, upsample) { expect_golden("upsample.jsonl", 15); }
TEST(EvalGolden, activation) { expect_golden("activation.jsonl", 15); }

TEST(EvalGolden, gradient_flow) {
    const std::vector<json> lines = golden_lines("gradient_flow.jsonl");
    ASSERT_GE(lines.size(), 15u);
    for (const json& line : lines) {
        SCOPED_TRACE(line.at("id").get<std::string>());
        const json answer = answer_to(line);
        ASSERT_FALSE(answer.contains("error")) << answer.at("error");
        const auto near = [](double ours, double theirs) {
            return std::abs(ours - theirs) <= 2e-4 * std::abs(theirs);
        };
        EXPECT_PRED2(near, answer.at("loss").get<double>(), line.at("loss").get<double>());
        for (const char* key : {"activation_rms", "grad_weight_norms"}) {
            const auto ours = answer.at(key).get<std::vector<double>>(),
                       theirs = line.at(key).get<std::vector<double>>();
            ASSERT_EQ(ours.size(), theirs.size());
            for (size_t i = 0; i < ours.size(); ++i)
                EXPECT_PRED2(near, ours[i], theirs[i]) << key << " " << i;
        }
        EXPECT_EQ(answer.size(), 4u);
    }
}

TEST(EvalGolden, what_pytorch_refuses_is_an_error) {
    const std::vector<json> lines = golden_lines("errors.jsonl");
    ASSERT_GE(lines.size(), 16u);
    for (const json& line : lines) {
        const json answer = answer_to(line);
        EXPECT_TRUE(answer.value("error", "").ends_with(".")) << line.at("reason") << answer;
        EXPECT_EQ(answer.size(), 2u);
        EXPECT_FALSE(holds(answer.at("error"), "is no key")) << answer;
    }
}

/// A 2×2 kernel on a 2×2 input: 1·1 + 4·1 = 5.
json small_case() {
    return json::parse(R"({"id": "a", "op": "conv2d",
        "params": {"in_channels": 1, "out_channels": 1, "kernel_size": 2, "bias": false},
        "input": {"shape": [1, 1, 2, 2], "data": [1, 2, 3, 4]},
        "weight": {"shape": [1, 1, 2, 2], "data": [1, 0, 0, 1]}})");
}

TEST(EvalLine, answers_by_hand) {
    EXPECT_EQ(eval_line(small_case().dump()).json,
              R"({"id": "a", "output": {"shape": [1, 1, 1, 1], "data": [5]}})");
    json both = small_case();
    both["grad_output"] = {{"shape", {1, 1, 1, 1}}, {"data", {2}}};
    both["params"]["bias"] = true;
    both["bias"] = {{"shape", {1}}, {"data", {0.1}}};
    both.erase("id");
    EXPECT_EQ(
        eval_line(both.dump()).json,
        R"({"id": null, "output": {"shape": [1, 1, 1, 1], "data": [5.1]}, )"
        R"("grad_input": {"shape": [1, 1, 2, 2], "data": [2, 0, 0, 2]}, )"
        R"("grad_weight": {"shape": [1, 1, 2, 2], "data": [2, 4, 6, 8]}, "grad_bias": {"shape": [1], "data": [2]}})");
}

TEST(EvalLine, numbers_come_back_as_the_same_float32) {
    json line = json::parse(
        R"({"op": "conv2d", "params": {"in_channels": 1, "out_channels": 1, "kernel_size": 1,
        "bias": false}, "weight": {"shape": [1, 1, 1, 1], "data": [1]}})");
    std::mt19937_64 random(test_seed(7));
    std::vector<float> values{0.1f,        1e-45f,      3.4e38f, 1.17549435e-38f,
                              16777216.0f, 16777218.0f, 0.3f};
    while (values.size() < 4000) {
        const float value = std::bit_cast<float>(static_cast<uint32_t>(random()));
        if (std::isfinite(value)) values.push_back(value);
    }
    json data = json::array();
    for (const float value : values) data.push_back(static_cast<double>(value));
    line["input"] = {{"shape", {1, 1, 1, values.size()}}, {"data", data}};
    const auto back = answer_to(line).at("output").at("data").get<std::vector<double>>();
    ASSERT_EQ(back.size(), values.size());
    for (size_t i = 0; i < values.size(); ++i)
        EXPECT_EQ(static_cast<float>(back[i]), values[i]) << i;
}

TEST(EvalLine, not_numbers_are_strings) {
    json line = small_case();
    line["input"]["data"] = {"NaN", 0, 0, 1};
    EXPECT_EQ(answer_to(line)["output"]["data"][0], "NaN");
    line["input"]["data"] = {"Infinity", 0, 0, 1};
    EXPECT_EQ(answer_to(line)["output"]["data"][0], "Infinity");
    line["input"]["data"] = {"-Infinity", 0, 0, 1};
    EXPECT_EQ(answer_to(line)["output"]["data"][0], "-Infinity");
    line["input"]["data"] = {1e39, 0, 0, 1};  // beyond float32
    EXPECT_EQ(answer_to(line)["output"]["data"][0], "Infinity");
    line["input"]["data"] = {"nan", 0, 0, 1};
    EXPECT_TRUE(holds(error_of(line), "input.data[0]"));
}

TEST(EvalLine, wrong_cases_are_sentences_that_name_the_key) {
    struct Wrong {
        const char* patch;  // RFC 7386: null takes a key away
        const char* part;
    };
    const Wrong wrong[] = {
        {R"({"op": null})", "op is missing"},
        {R"({"op": "conv2"})", "\"conv2d\""},
        {R"({"op": "frobnicate"})", "must be one of"},
        {R"({"op": 7})", "op must be a text"},
        {R"({"input": null})", "input is missing"},
        {R"({"input": [1, 2]})", "input must be an object"},
        {R"({"input": {"shape": [2, 2]}})", "input.shape must be a list of 4"},
        {R"({"input": {"shape": [1, 1, 2, 0]}})", "input.shape is [1,1,2,0]"},
        {R"({"input": {"shape": [1, 1, 2, -2]}})", "input.shape is"},
        {R"({"input": {"shape": [9223372036854775807, 2, 2, 2]}})", "input.shape is"},
        {R"({"input": {"shape": [1, 1, 2, 1e3]}})", "whole number"},
        {R"({"input": {"shape": [1, 1, 2, 3]}})", "input.data has 4 values, its shape asks for 6"},
        {R"({"input": {"data": null}})", "input.data is missing"},
        {R"({"input": {"data": [1, 2, 3, {}]}})", "input.data[3]"},
        {R"({"input": {"dtype": "f32"}})", "input.dtype is no key"},
        {R"({"weight": null})", "weight is missing; its shape is [1, 1, 2, 2]"},
        {R"({"weight": {"shape": [1, 1, 1, 4]}})",
         "weight.shape is [1,1,1,4], the layer asks for [1, 1, 2, 2]"},
        {R"({"wieght": {}})", "\"weight\""},
        {R"({"bias": {}})", "bias is no key of a case of this conv2d"},
        {R"({"grad_output": {"shape": [1, 1, 2, 2], "data": [1, 2, 3, 4]}})", "grad_output.shape"},
        {R"({"params": {"kernel_size": null}})", "params.kernel_size is missing"},
        {R"({"params": {"strid": 2}})", "params.strid is no key of conv2d; \"stride\" is"},
        {R"({"params": {"stride": "2"}})", "params.stride must be a whole number"},
        {R"({"params": {"stride": 99999999999999999999}})", "params.stride must be a whole number"},
        {R"({"params": {"training": 1}})", "params.training must be true or false"},
        {R"({"params": {"kernel_size": 3}})", "larger than the input"},
        {R"({"params": 3})", "params must be an object"},
        {R"({"id": ["a"]})", "id must be a text or a number"},
    };
    for (const auto& [patch, part] : wrong) {
        json line = small_case();
        line.merge_patch(json::parse(patch));
        const std::string error = error_of(line);
        EXPECT_TRUE(holds(error, part)) << patch << "\n" << error;
        EXPECT_TRUE(error.ends_with(".")) << error;
    }
}

TEST(EvalLine, gradient_flow_is_checked_too) {
    const json good =
        json::parse(R"({"op": "gradient_flow", "input": {"shape": [2, 1], "data": [3, -1]},
        "weights": [{"shape": [1, 1], "data": [2]}]})");
    // h = 2x: loss (36 + 4)/2/2, RMS √20, dL/dw = mean of h·x = (18 + 2)/2.
    const json answer = answer_to(good);
    EXPECT_DOUBLE_EQ(answer.at("loss").get<double>(), 10);
    EXPECT_DOUBLE_EQ(answer.at("activation_rms")[0].get<double>(), std::sqrt(20));
    EXPECT_DOUBLE_EQ(answer.at("grad_weight_norms")[0].get<double>(), 10);
    for (const auto& [patch, part] : std::vector<std::pair<const char*, const char*>>{
             {R"({"params": {"activation": "softmax"}})", "softmax"},
             {R"({"params": {"depth": 2}})", "params.depth is 2, the tensors have 1"},
             {R"({"params": {"widht": 2}})", "\"width\""},
             {R"({"weights": []})", "weights must be a list"},
             {R"({"weights": [{"shape": [1, 2], "data": [1, 2]}]})", "weights[0].shape"},
             {R"({"weight": []})", "\"weights\""},
             {R"({"input": {"shape": [1, 1, 1, 2], "data": [3, -1]}})", "(batch, width)"},
         }) {
        json line = good;
        line.merge_patch(json::parse(patch));
        EXPECT_TRUE(holds(error_of(line), part)) << error_of(line);
    }
}

TEST(EvalLine, what_is_no_case_is_unreadable) {
    for (const std::string line : {"{", "[]", "3", "\"a\"", "{\"id\": 1,}", "{\"a\": 1e999}",
                                   "{'id': 1}", "\xff\xfe{}", "{}{}"}) {
        const EvalAnswer answer = eval_line(line);
        EXPECT_TRUE(answer.unreadable.ends_with(".")) << line;
        EXPECT_FALSE(holds(answer.unreadable, "line 1")) << answer.unreadable;
        EXPECT_EQ(json::parse(answer.json).at("error"), answer.unreadable);
        EXPECT_TRUE(json::parse(answer.json).at("id").is_null());
    }
    EXPECT_TRUE(holds(eval_line(std::string(100'000, '[')).unreadable, "nested too deeply"));
    EXPECT_TRUE(holds(eval_line(std::string(kMaxCaseBytes + 1, ' ')).unreadable, "32 MiB"));
}

TEST(EvalLine, work_and_answers_are_bounded) {
    json line = small_case();
    line["params"]["padding"] = 4000;
    EXPECT_TRUE(holds(error_of(line), "eval writes 16,777,216 at most")) << error_of(line);
    line["params"]["padding"] = 1'000'000;
    EXPECT_NE(error_of(line), "");
}

/// Golden lines with a few characters changed, taken out or doubled: an answer each, and none that ends the program.
TEST(EvalLine, mutated_lines_are_answered) {
    std::mt19937_64 random(test_seed(11));
    std::vector<std::string> lines;
    for (const char* file :
         {"conv2d.jsonl", "conv_transpose2d.jsonl", "batch_norm2d.jsonl", "max_pool2d.jsonl",
          "avg_pool2d.jsonl", "upsample.jsonl", "activation.jsonl", "gradient_flow.jsonl",
          "errors.jsonl"})
        for (const json& line : golden_lines(file))
            if (const std::string text = line.dump(); text.size() < 6000) lines.push_back(text);
    const std::string marks = "0123456789-+.eE\"[]{},:nftx\\ \xff";
    int errors = 0, answers = 0;
    for (int run = 0; run < 3000; ++run) {
        std::string line = lines[random() % lines.size()];
        for (uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
            // Most of a line is numbers: half of the edits go to its beginning, where the words are.
            const size_t at =
                random() % std::min(line.size(), random() % 2 ? line.size() : size_t(400));
            switch (random() % 4) {
                case 0: line[at] = marks[random() % marks.size()]; break;
                case 1: line.erase(at, 1 + random() % 8); break;
                case 2: line.insert(at, line.substr(at, random() % 12)); break;
                default: line.insert(at, 1, marks[random() % marks.size()]); break;
            }
        }
        const json answer = json::parse(eval_line(line).json, nullptr, false);
        ASSERT_TRUE(answer.is_object()) << line;
        ASSERT_TRUE(answer.contains("id"));
        ASSERT_TRUE(answer.value("error", ".").ends_with(".")) << answer;
        ++(answer.contains("error") ? errors : answers);
    }
    EXPECT_GT(errors, 500);
    EXPECT_GT(answers, 300);
}

// ---- Streams

struct Ran {
    int code = -1;
    std::vector<std::string> answers;
    std::string out, err;
};

Ran run_stream(std::istream& in) {
    std::ostringstream out, err;
    Ran ran;
    ran.code = eval_stream(in, "cases.jsonl", {out, err});
    ran.out = out.str();
    ran.err = err.str();
    std::istringstream lines(ran.out);
    for (std::string line; std::getline(lines, line);) ran.answers.push_back(line);
    return ran;
}

Ran run_text(const std::string& text) {
    std::istringstream in(text);
    return run_stream(in);
}

std::string numbered_case(int64_t id) {
    json line = small_case();
    line["id"] = id;
    return line.dump();
}

TEST(EvalStream, goes_on_after_wrong_lines_and_names_them) {
    const Ran ran =
        run_text(numbered_case(1) + "\n{oops\n\n" + numbered_case(4) + "\n[]\n" + numbered_case(6));
    EXPECT_EQ(ran.code, kFailed);
    ASSERT_EQ(ran.answers.size(), 5u);
    EXPECT_EQ(json::parse(ran.answers[0]).at("id"), 1);
    EXPECT_TRUE(
        holds(json::parse(ran.answers[1]).at("error"), "Line 2: This is not JSON: column 2"))
        << ran.answers[1];
    EXPECT_EQ(json::parse(ran.answers[2]).at("id"), 4);
    EXPECT_TRUE(holds(json::parse(ran.answers[3]).at("error"), "Line 5")) << ran.answers[3];
    EXPECT_TRUE(json::parse(ran.answers[4]).contains("output"));
    EXPECT_TRUE(holds(ran.err, "convscope: cases.jsonl, line 2: ")) << ran.err;
    EXPECT_TRUE(holds(ran.err, "cases.jsonl, line 5: ")) << ran.err;
}

TEST(EvalStream, an_impossible_layer_is_an_answer) {
    json line = small_case();
    line["params"]["stride"] = 0;
    const Ran ran = run_text(line.dump() + "\n" + numbered_case(2) + "\n");
    EXPECT_EQ(ran.code, kDone);
    EXPECT_EQ(ran.err, "");
    ASSERT_EQ(ran.answers.size(), 2u);
    EXPECT_TRUE(json::parse(ran.answers[0]).contains("error"));
}

TEST(EvalStream, many_wrong_lines_are_told_in_few) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += "x\n";
    const Ran ran = run_text(text);
    EXPECT_EQ(ran.answers.size(), 500u);
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 11);
    EXPECT_TRUE(holds(ran.err, "490 more lines")) << ran.err;
}

TEST(EvalStream, reads_what_windows_saves) {
    const std::string two = numbered_case(1) + "\r\n" + numbered_case(2) + "\r\n";
    const std::string answers = run_text(numbered_case(1) + "\n" + numbered_case(2)).out;
    EXPECT_EQ(run_text(two).out, answers);
    EXPECT_EQ(run_text("\xEF\xBB\xBF" + two).out, answers);
    std::string little = "\xFF\xFE", big = "\xFE\xFF";
    for (const char c : two) little += std::string{c, '\0'}, big += std::string{'\0', c};
    EXPECT_EQ(run_text(little).out, answers);
    EXPECT_EQ(run_text(big).out, answers);
    EXPECT_EQ(run_text(big).code, kDone);
    EXPECT_EQ(run_text("").out, "");
    EXPECT_EQ(run_text("\xEF\xBB").code, kFailed);
    // Characters beyond 16 bits are two halves: U+1F600 in the id.
    json smile = small_case();
    smile["id"] = "\xF0\x9F\x98\x80";
    std::string halves = "\xFF\xFE";
    for (size_t i = 0; const char c : smile.dump()) {
        if (static_cast<unsigned char>(c) < 0x80)
            halves += std::string{c, '\0'};
        else if (i++ == 0)
            halves += std::string("\x3D\xD8\x00\xDE", 4);
    }
    ASSERT_EQ(run_text(halves).answers.size(), 1u);
    EXPECT_EQ(json::parse(run_text(halves).answers[0]).at("id"), "\xF0\x9F\x98\x80");
}

/// Gives one line at a time, and none before the answers to all earlier ones stand in `out`.
class Conversation : public std::streambuf {
  public:
    Conversation(const std::ostringstream& out, int64_t lines) : out_(out), lines_(lines) {}
    int64_t early = 0;

  protected:
    int_type underflow() override {
        const std::string written = out_.str().substr(std::min(seen_, out_.str().size()));
        answered_ += std::count(written.begin(), written.end(), '\n');
        seen_ += written.size();
        if (answered_ != given_) ++early;
        if (given_ == lines_) return traits_type::eof();
        line_ = numbered_case(++given_) + "\n";
        setg(line_.data(), line_.data(), line_.data() + line_.size());
        return traits_type::to_int_type(line_[0]);
    }

  private:
    const std::ostringstream& out_;
    int64_t lines_ = 0, given_ = 0, answered_ = 0;
    size_t seen_ = 0;
    std::string line_;
};

TEST(EvalStream, answers_before_it_reads_on) {
    std::ostringstream out, err;
    Conversation cases(out, 300);
    std::istream in(&cases);
    EXPECT_EQ(eval_stream(in, "cases", {out, err}), kDone);
    EXPECT_EQ(cases.early, 0);
    EXPECT_EQ(err.str(), "");
}

/// A line without end, of which nothing is kept.
class Endless : public std::streambuf {
  public:
    explicit Endless(int64_t bytes) : left_(bytes) {}

  protected:
    int_type underflow() override {
        if (left_ <= 0) return traits_type::eof();
        left_ -= static_cast<int64_t>(sizeof(block_));
        std::fill(std::begin(block_), std::end(block_), '[');
        setg(block_, block_, block_ + sizeof(block_));
        return '[';
    }

  private:
    int64_t left_;
    char block_[65536];
};

TEST(EvalStream, a_line_without_end_is_refused) {
    Endless bytes(int64_t(200) << 20);
    std::istream in(&bytes);
    const Ran ran = run_stream(in);
    EXPECT_EQ(ran.code, kFailed);
    ASSERT_EQ(ran.answers.size(), 1u);
    EXPECT_TRUE(holds(ran.answers[0], "longer than 32 MiB")) << ran.answers[0];
}

TEST(EvalCommand, reads_files_and_says_why_not) {
    const auto run = [](std::vector<std::string> arguments) {
        std::ostringstream out, err;
        Ran ran;
        ran.code = run_command_line(std::move(arguments), {out, err});
        ran.out = out.str();
        ran.err = err.str();
        return ran;
    };
    std::filesystem::create_directories("eval_test");
    std::ofstream("eval_test/cases.jsonl", std::ios::binary) << numbered_case(1) << "\n";
    EXPECT_EQ(run({"eval", "eval_test/cases.jsonl"}).out,
              "{\"id\": 1, \"output\": {\"shape\": [1, 1, 1, 1], \"data\": [5]}}\n");
    EXPECT_EQ(run({"eval", "eval_test/cases.jsonl"}).code, kDone);
    for (const auto& [file, part] : {std::pair{"eval_test/none.jsonl", "none.jsonl does not exist"},
                                     std::pair{"eval_test", "is a folder"}}) {
        const Ran ran = run({"eval", file});
        EXPECT_EQ(ran.code, kFailed);
        EXPECT_TRUE(holds(ran.err, part)) << ran.err;
        EXPECT_EQ(ran.out, "");
    }
    EXPECT_EQ(run({"eval", "a", "b"}).code, kWrongUsage);
    EXPECT_TRUE(holds(run({"eval", "--help"}).out, "Examples:"));
}

}  // namespace
}  // namespace convscope

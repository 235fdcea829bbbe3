#include "core/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>

#include "core/error.h"

namespace eunomia::core {
namespace {

using namespace std::string_literals;

enum class metric { ndcg, recall };
BOOST_DESCRIBE_ENUM(metric, ndcg, recall)

struct weighting {
  double half_life_days = 30;
  std::map<std::string, double> event_types;
  friend bool operator==(const weighting&, const weighting&) = default;
};
BOOST_DESCRIBE_STRUCT(weighting, (), (half_life_days, event_types))

struct base {
  std::string name;
  friend bool operator==(const base&, const base&) = default;
};
BOOST_DESCRIBE_STRUCT(base, (), (name))

using run_id = strong_id<struct run_tag>;

struct everything : base {
  bool flag = false;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  float single = 0;
  double twice = 0;
  metric by = metric::ndcg;
  run_id run;
  weighting nested;
  std::vector<weighting> list;
  std::vector<bool> bits;
  std::array<int, 2> pair = {};
  std::optional<int> maybe;
  json_value raw;
  friend bool operator==(const everything&, const everything&) = default;
};
BOOST_DESCRIBE_STRUCT(everything, (base),
                      (flag, small, large, single, twice, by, run, nested, list, bits, pair, maybe, raw))

struct small_numbers {
  std::int8_t least = 0;
  std::uint16_t most = 0;
};
BOOST_DESCRIBE_STRUCT(small_numbers, (), (least, most))

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const error& failure) {
    EXPECT_EQ(failure.code(), errc::invalid_argument) << failure.what();
    return failure.what();
  }
  return "nothing was thrown";
}

template <class T>
std::string refusal(std::string_view text, const json_options& options = {}) {
  return message_of([&] { read_json<T>(text, options); });
}

everything sample() {
  everything value;
  value.name = "quote \" backslash \\ newline \n nul \0 emoji 🦉"s;
  value.flag = true;
  value.small = -128;
  value.large = UINT64_MAX;
  value.single = 0.1F;
  value.twice = 0.1;
  value.by = metric::recall;
  value.run = run_id(7);
  value.nested = {1.5, {{"purchase", 3}, {"view", 0.25}}};
  value.list = {{}, {2, {}}};
  value.bits = {true, false};
  value.pair = {4, 5};
  value.raw = parse_json(R"({"b":[1.10,null,true],"a":"x"})");
  return value;
}

TEST(json, a_struct_reads_back_as_it_was_written) {
  const everything value = sample();
  EXPECT_EQ(read_json<everything>(write_json(value)), value);
  EXPECT_EQ(read_json<everything>(write_json(value, 2)), value);
}

TEST(json, members_are_written_in_the_order_of_the_description_and_numbers_in_their_shortest_form) {
  everything value = sample();
  value.name = "n";
  EXPECT_EQ(write_json(value),
            R"({"name":"n","flag":true,"small":-128,"large":18446744073709551615,"single":0.1,"twice":0.1,)"
            R"("by":"recall","run":7,"nested":{"half_life_days":1.5,"event_types":{"purchase":3,"view":0.25}},)"
            R"("list":[{"half_life_days":30,"event_types":{}},{"half_life_days":2,"event_types":{}}],)"
            R"("bits":[true,false],"pair":[4,5],"raw":{"b":[1.10,null,true],"a":"x"}})");
}

TEST(json, indentation_puts_each_member_on_its_line) {
  EXPECT_EQ(write_json(weighting{2, {{"view", 1}}}, 2),
            "{\n  \"half_life_days\": 2,\n  \"event_types\": {\n    \"view\": 1\n  }\n}");
  EXPECT_EQ(write_json(std::vector<int>{}, 2), "[]");
}

TEST(json, every_double_and_float_reads_back_to_the_same_bits) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20000; ++i) {
    const auto bits = random();
    const double wide = std::bit_cast<double>(bits);
    const float narrow = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isfinite(wide)) {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(read_json<double>(write_json(wide))), bits) << write_json(wide);
    }
    if (std::isfinite(narrow)) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(read_json<float>(write_json(narrow))), static_cast<std::uint32_t>(bits));
    }
  }
}

TEST(json, a_wrong_type_is_refused_by_its_path) {
  EXPECT_EQ(refusal<weighting>(R"({"half_life_days":"x","event_types":{}})"),
            R"($.half_life_days: expected a number, found "x")");
  EXPECT_EQ(refusal<weighting>(R"({"half_life_days":1,"event_types":{"view it":true}})"),
            R"($.event_types["view it"]: expected a number, found true)");
  EXPECT_EQ(refusal<std::vector<weighting>>(R"([{"half_life_days":1,"event_types":{}},{"half_life_days":[]}])"),
            "$[1].half_life_days: expected a number, found an array");
  EXPECT_EQ(refusal<weighting>("[]"), "$: expected an object, found an array");
  EXPECT_EQ(refusal<std::string>("null"), "$: expected a string, found null");
  EXPECT_EQ(refusal<bool>("1"), "$: expected true or false, found 1");
  EXPECT_EQ((refusal<std::array<int, 2>>("[1]")), "$: expected an array of 2 elements, found an array");
}

TEST(json, a_long_value_is_cut_in_the_message) {
  EXPECT_LT(refusal<int>("\"" + std::string(100000, 'x') + "\"").size(), 200U);
}

TEST(json, an_unknown_enumerator_is_refused_with_the_known_ones) {
  EXPECT_EQ(refusal<metric>(R"("mrr")"), R"($: expected one of "ndcg", "recall", found "mrr")");
  EXPECT_EQ(refusal<metric>("1"), R"($: expected one of "ndcg", "recall", found 1)");
}

TEST(json, integers_out_of_their_range_are_refused) {
  EXPECT_EQ(refusal<small_numbers>(R"({"least":-129,"most":0})"),
            "$.least: expected an integer from -128 to 127, found -129");
  EXPECT_EQ(refusal<small_numbers>(R"({"least":0,"most":65536})"),
            "$.most: expected an integer from 0 to 65535, found 65536");
  EXPECT_EQ(refusal<small_numbers>(R"({"least":0,"most":-1})"),
            "$.most: expected an integer from 0 to 65535, found -1");
  EXPECT_NE(refusal<std::uint64_t>("18446744073709551616").find("found 18446744073709551616"), std::string::npos);
  EXPECT_NE(refusal<int>("1.5").find("expected an integer"), std::string::npos);
  EXPECT_NE(refusal<int>("1e999999999").find("expected an integer"), std::string::npos);
}

TEST(json, whole_numbers_with_a_fraction_or_an_exponent_are_integers) {
  EXPECT_EQ(read_json<int>("3.0"), 3);
  EXPECT_EQ(read_json<unsigned>("3e2"), 300U);
  EXPECT_EQ(read_json<std::int64_t>("-9223372036854775808"), INT64_MIN);
}

TEST(json, numbers_beyond_a_double_are_refused) {
  EXPECT_NE(refusal<double>("1e999").find("in the range of a double"), std::string::npos);
  EXPECT_NE(refusal<float>("1e39").find("in the range of a float"), std::string::npos);
  EXPECT_NE(refusal<double>(std::string(100000, '9')).find("in the range of a double"), std::string::npos);
}

TEST(json, nan_and_infinity_are_refused_both_ways) {
  for (const char* text : {"NaN", "Infinity", "-Infinity", "nan", "inf"}) {
    EXPECT_NE(refusal<double>(text).find("line 1, column"), std::string::npos) << text;
  }
  const weighting value{1, {{"view", std::nan("")}}};
  EXPECT_NE(message_of([&] { write_json(value); }).find("$.event_types.view: NaN"), std::string::npos);
  EXPECT_NE(message_of([&] {
              write_json(std::vector<float>{1, -INFINITY});
            }).find("$[1]: infinity"),
            std::string::npos);
}

TEST(json, a_missing_member_is_refused_by_default) {
  EXPECT_EQ(refusal<weighting>(R"({"half_life_days":1})"), "$.event_types: missing");
}

TEST(json, missing_members_keep_their_defaults_on_request) {
  const auto value = read_json<weighting>("{}", {.missing = json_missing::keep_default});
  EXPECT_EQ(value, weighting{});
}

TEST(json, an_optional_member_may_be_missing_or_null_and_is_not_written_when_empty) {
  const auto text = R"({"maybe":null})";
  const json_options options{.missing = json_missing::keep_default};
  EXPECT_FALSE(read_json<everything>(text, options).maybe);
  EXPECT_EQ(read_json<everything>(R"({"maybe":3})", options).maybe, 3);
  EXPECT_EQ(write_json(everything{}).find("maybe"), std::string::npos);
}

TEST(json, unknown_members_are_ignored_unless_refused) {
  const auto text = R"({"half_life_days":1,"event_types":{},"half_live":2})";
  EXPECT_EQ(read_json<weighting>(text).half_life_days, 1);
  EXPECT_EQ(refusal<weighting>(text, {.unknown = json_unknown::refuse}),
            R"($.half_live: unknown; known here: "half_life_days", "event_types")");
}

TEST(json, a_member_that_appears_twice_is_refused) {
  EXPECT_EQ(refusal<json_value>(R"({"list":[1,{"a":1,"b":2,"a":3}]})"),
            R"($.list[1]: the member "a" appears twice in one object; keep one of them)");
}

TEST(json, nesting_beyond_the_limit_is_refused) {
  EXPECT_NE(refusal<json_value>(std::string(1000000, '[')).find("nested more than 64 levels"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 65; ++i) {
    objects += R"({"a":)";
  }
  EXPECT_NE(refusal<json_value>(objects).find("nested more than 64 levels"), std::string::npos);
  const std::string deepest = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(read_json<json_value>(deepest).type(), json_value::kind::array);
}

TEST(json, text_beyond_the_limit_is_refused) {
  EXPECT_NE(refusal<json_value>("[1,2,3]", {.limits = {.max_bytes = 6}}).find("the limit is 6 bytes"),
            std::string::npos);
}

TEST(json, a_syntax_error_is_refused_by_line_and_column) {
  EXPECT_EQ(refusal<json_value>("{\n  \"a\": 1,\n  b\n}").substr(0, 23), "JSON, line 3, column 3:");
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\"}", "01", "1.", "\"\\x\"", "tru", "// c\n1", "{'a':1}", "[1 2]",
                           "\"\n\"", "\"\\ud800\"", "-", "+1", "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(refusal<json_value>(text).substr(0, 10), "JSON, line") << text;
  }
  EXPECT_NE(refusal<json_value>("1 2").find("column 3: more text"), std::string::npos);
}

TEST(json, every_truncation_is_refused) {
  const std::string whole = write_json(sample(), 1);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(refusal<json_value>(whole.substr(0, length)), "nothing was thrown") << length;
  }
}

TEST(json, text_that_is_not_utf8_is_refused) {
  for (const char* text : {"\"\xFF\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\""}) {
    EXPECT_EQ(refusal<json_value>(text).substr(0, 10), "JSON, line");
  }
}

TEST(json, random_bytes_are_read_or_refused_and_nothing_else) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string whole = write_json(sample());
  for (int i = 0; i < 5000; ++i) {
    std::string text = whole;
    for (int change = 0; change < 3; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    try {
      const auto value = read_json<json_value>(text);
      EXPECT_EQ(read_json<json_value>(write_json(value)), value);
    } catch (const error& failure) {
      EXPECT_EQ(failure.code(), errc::invalid_argument);
    }
  }
}

TEST(json, escapes_are_read_as_the_characters_they_mean) {
  EXPECT_EQ(read_json<std::string>(R"("\u0041\n\/\ud83e\udd89\u0000")"), "A\n/🦉\0"s);
}

TEST(json, strings_are_written_as_valid_json_whatever_their_bytes) {
  EXPECT_EQ(write_json("a\x01\x7F\"\\\xFF\xC3\xA9"s), "\"a\\u0001\\u007f\\\"\\\\\xEF\xBF\xBD\xC3\xA9\"");
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  EXPECT_NO_THROW(read_json<std::string>(write_json(all)));
}

TEST(json, a_document_can_be_written_piece_by_piece) {
  json_writer out;
  out.begin_array();
  write_json(out, weighting{1, {}});
  out.number(0.5);
  out.begin_object();
  out.name("empty");
  out.null();
  out.end_object();
  out.end_array();
  EXPECT_EQ(out.text(), R"([{"half_life_days":1,"event_types":{}},0.5,{"empty":null}])");
}

}  // namespace
}  // namespace eunomia::core

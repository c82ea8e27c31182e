// lemon_pairs - exact transport costs of pairs of images by LEMON's
// NetworkSimplex (Debian: liblemon-dev), a peer of wdist.
//
//   lemon_pairs IMAGES PAIRS GRAPH GROUND P COSTS
//
// IMAGES: an IDX file of unsigned bytes, (n,h,w) or (n,h,w,1), not compressed.
// PAIRS: lines of two indices. GRAPH:
//   bipartite  an arc from every lit pixel of one image to every lit one of
//              the other; any ground and P. Costs that are no integers enter
//              as integers in units of a power of two (with costs in doubles
//              LEMON cycles); the optimal flow is valued with true costs;
//   threepart  squared costs: pixels -> (row of the sink, column of the source)
//              -> pixels (Auricchio, Bassetti, Gualandi, Veneroni, 2018);
//              only cells that a lit row and a lit column make useful;
//   grid       l1 or linf, and P 1: arcs of cost 1 between the four neighbours,
//              or the eight.
// Masses are the integers a_i * sum(b) and b_j * sum(a), so that both sides
// agree; the cost is the optimum over sum(a) * sum(b). COSTS gets one line a
// pair, 17 digits. Standard output gets the seconds that building graphs and
// solving took, without reading and writing.
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include <chrono>
#include <cinttypes>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace
{

using lemon::SmartDigraph;
using Node = SmartDigraph::Node;

[[noreturn]] void fail(const std::string &what)
{
    std::fprintf(stderr, "lemon_pairs: %s\n", what.c_str());
    std::exit(1);
}

struct Images {
    size_t n = 0, h = 0, w = 0;
    std::vector<unsigned char> bytes;
    const unsigned char *operator[](size_t i) const
    {
        return bytes.data() + i * h * w;
    }
};

size_t big_endian(const unsigned char *p)
{
    return size_t{p[0]} << 24 | size_t{p[1]} << 16 | size_t{p[2]} << 8 | p[3];
}

Images read_images(const char *path)
{
    std::FILE *file = std::fopen(path, "rb");
    unsigned char head[20];
    if (!file || std::fread(head, 1, 16, file) != 16)
        fail(std::string(path) + ": cannot read");
    if (head[0] || head[1] || head[2] != 8 || (head[3] != 3 && head[3] != 4))
        fail(std::string(path) + ": no IDX file of bytes, (n,h,w[,1])");
    if (head[3] == 4 &&
        (std::fread(head + 16, 1, 4, file) != 4 || big_endian(head + 16) != 1))
        fail(std::string(path) + ": more than one channel");
    Images x;
    x.n = big_endian(head + 4);
    x.h = big_endian(head + 8);
    x.w = big_endian(head + 12);
    x.bytes.resize(x.n * x.h * x.w);
    if (std::fread(x.bytes.data(), 1, x.bytes.size(), file) != x.bytes.size())
        fail(std::string(path) + ": ends early");
    std::fclose(file);
    return x;
}

std::vector<std::pair<size_t, size_t>> read_pairs(const char *path, size_t n)
{
    std::FILE *file = std::fopen(path, "r");
    if (!file)
        fail(std::string(path) + ": cannot read");
    std::vector<std::pair<size_t, size_t>> pairs;
    size_t i, j;
    while (std::fscanf(file, "%zu %zu", &i, &j) == 2) {
        if (i >= n || j >= n)
            fail(std::string(path) + ": index out of range");
        pairs.emplace_back(i, j);
    }
    if (!std::feof(file))
        fail(std::string(path) + ": no list of two indices a line");
    std::fclose(file);
    return pairs;
}

// One image as the solver sees it: its lit pixels and their masses.
struct Bin {
    int r, c;
    int64_t mass;
};

std::vector<Bin> lit_bins(const Images &x, size_t i)
{
    std::vector<Bin> bins;
    for (size_t k = 0; k < x.h * x.w; k++)
        if (x[i][k])
            bins.push_back({int(k / x.w), int(k % x.w), x[i][k]});
    return bins;
}

int64_t total(const std::vector<Bin> &bins)
{
    int64_t sum = 0;
    for (const Bin &bin : bins)
        sum += bin.mass;
    return sum;
}

// A graph under construction, and its optimum; exact has true costs by arc
// where those of the graph are rounded.
struct Problem {
    SmartDigraph graph;
    SmartDigraph::NodeMap<int64_t> supply{graph};
    SmartDigraph::ArcMap<int64_t> cost{graph};

    Node node(int64_t mass)
    {
        Node v = graph.addNode();
        supply[v] = mass;
        return v;
    }
    void arc(Node from, Node to, int64_t c)
    {
        cost[graph.addArc(from, to)] = c;
    }
    double solve(const std::vector<double> &exact = {})
    {
        using Simplex = lemon::NetworkSimplex<SmartDigraph, int64_t, int64_t>;
        Simplex simplex(graph);
        simplex.supplyMap(supply).costMap(cost);
        if (simplex.run() != Simplex::OPTIMAL)
            fail("LEMON found no optimum");
        if (exact.empty())
            return double(simplex.totalCost());
        double sum = 0;
        for (size_t k = 0; k < exact.size(); k++)
            if (int64_t flow = simplex.flow(graph.arcFromId(int(k))))
                sum += double(flow) * exact[k];
        return sum;
    }
};

double ground_cost(const std::string &ground, double p, int dr, int dc)
{
    dr = std::abs(dr);
    dc = std::abs(dc);
    if (ground == "l1")
        return std::pow(dr + dc, p);
    if (ground == "linf")
        return std::pow(dr > dc ? dr : dc, p);
    int squared = dr * dr + dc * dc;
    return p == 2 ? squared : std::pow(std::sqrt(squared), p);
}

// Costs by translation, and as integers in units of 2^-bits: bits is 0 where
// that is exact, and otherwise as large as leaves LEMON's potentials (a cost
// times the number of nodes) room in 64 bits.
struct Table {
    std::vector<double> exact;
    std::vector<int64_t> rounded;
    int bits = 0;
};

Table make_table(const Images &x, const std::string &ground, double p)
{
    Table t;
    double most = 1;
    bool is_integer = true;
    for (size_t k = 0; k < x.h * x.w; k++) {
        double c = ground_cost(ground, p, int(k / x.w), int(k % x.w));
        t.exact.push_back(c);
        most = c > most ? c : most;
        is_integer = is_integer && c == std::rint(c);
    }
    t.bits = is_integer ? 0 : 45 - std::ilogb(most);
    for (double c : t.exact)
        t.rounded.push_back(std::llrint(std::ldexp(c, t.bits)));
    return t;
}

double solve_bipartite(const Images &x, const std::vector<Bin> &a,
                       const std::vector<Bin> &b, const Table &table)
{
    Problem problem;
    problem.graph.reserveNode(int(a.size() + b.size()));
    problem.graph.reserveArc(int(a.size() * b.size()));
    std::vector<double> exact;
    std::vector<Node> sink;
    for (const Bin &t : b)
        sink.push_back(problem.node(-t.mass));
    for (const Bin &s : a) {
        Node v = problem.node(s.mass);
        for (size_t j = 0; j < b.size(); j++) {
            size_t dr = size_t(std::abs(s.r - b[j].r));
            size_t dc = size_t(std::abs(s.c - b[j].c));
            problem.arc(v, sink[j], table.rounded[dr * x.w + dc]);
            if (table.bits)
                exact.push_back(table.exact[dr * x.w + dc]);
        }
    }
    return problem.solve(exact);
}

// A mass at (r, c) bound for (s, d) passes the cell (s, c): (r-s)^2 first, then
// (c-d)^2. Cells exist where s is a lit row of b and c a lit column of a.
double solve_threepart(const Images &x, const std::vector<Bin> &a,
                       const std::vector<Bin> &b)
{
    std::vector<char> row(x.h), column(x.w);
    for (const Bin &bin : b)
        row[size_t(bin.r)] = 1;
    for (const Bin &bin : a)
        column[size_t(bin.c)] = 1;
    Problem problem;
    std::vector<Node> cell(x.h * x.w, lemon::INVALID);
    for (size_t k = 0; k < cell.size(); k++)
        if (row[k / x.w] && column[k % x.w])
            cell[k] = problem.node(0);
    for (const Bin &s : a) {
        Node v = problem.node(s.mass);
        for (int r = 0; r < int(x.h); r++)
            if (row[size_t(r)])
                problem.arc(v, cell[size_t(r) * x.w + size_t(s.c)],
                            (s.r - r) * (s.r - r));
    }
    for (const Bin &t : b) {
        Node v = problem.node(-t.mass);
        for (int c = 0; c < int(x.w); c++)
            if (column[size_t(c)])
                problem.arc(cell[size_t(t.r) * x.w + size_t(c)], v,
                            (t.c - c) * (t.c - c));
    }
    return problem.solve();
}

double solve_grid(const Images &x, const std::vector<Bin> &a,
                  const std::vector<Bin> &b, bool with_diagonals)
{
    std::vector<int64_t> mass(x.h * x.w);
    for (const Bin &s : a)
        mass[size_t(s.r) * x.w + size_t(s.c)] += s.mass;
    for (const Bin &t : b)
        mass[size_t(t.r) * x.w + size_t(t.c)] -= t.mass;
    Problem problem;
    std::vector<Node> node;
    for (int64_t m : mass)
        node.push_back(problem.node(m));
    auto both_ways = [&](size_t k, size_t l) {
        problem.arc(node[k], node[l], 1);
        problem.arc(node[l], node[k], 1);
    };
    for (size_t k = 0; k < node.size(); k++) {
        bool is_last = k % x.w + 1 == x.w, is_lowest = k + x.w >= node.size();
        if (!is_last)
            both_ways(k, k + 1);
        if (!is_lowest)
            both_ways(k, k + x.w);
        if (with_diagonals && !is_last && !is_lowest) {
            both_ways(k, k + x.w + 1);
            both_ways(k + 1, k + x.w);
        }
    }
    return problem.solve();
}

double solve_pair(const Images &x, std::pair<size_t, size_t> pair,
                  const std::string &graph, const std::string &ground,
                  const Table &table)
{
    std::vector<Bin> a = lit_bins(x, pair.first);
    std::vector<Bin> b = lit_bins(x, pair.second);
    int64_t sum_a = total(a), sum_b = total(b);
    if (!sum_a || !sum_b)
        fail("an image without a lit pixel");
    for (Bin &s : a)
        s.mass *= sum_b;
    for (Bin &t : b)
        t.mass *= sum_a;
    double cost = graph == "threepart" ? solve_threepart(x, a, b)
                  : graph == "grid"    ? solve_grid(x, a, b, ground == "linf")
                                       : solve_bipartite(x, a, b, table);
    return cost / (double(sum_a) * double(sum_b));
}

void check_graph(const std::string &graph, const std::string &ground, double p)
{
    if (graph == "threepart" && !(ground == "l2" && p == 2))
        fail("threepart is for l2 and P 2");
    if (graph == "grid" && !((ground == "l1" || ground == "linf") && p == 1))
        fail("grid is for l1 or linf, and P 1");
    if (graph != "bipartite" && graph != "threepart" && graph != "grid")
        fail(graph + ": no such graph");
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 7)
        fail("usage: lemon_pairs IMAGES PAIRS GRAPH GROUND P COSTS");
    std::string graph = argv[3], ground = argv[4];
    double p = std::atof(argv[5]);
    check_graph(graph, ground, p);
    Images x = read_images(argv[1]);
    auto pairs = read_pairs(argv[2], x.n);
    Table table = make_table(x, ground, p);
    std::vector<double> costs;
    auto start = std::chrono::steady_clock::now();
    for (auto pair : pairs)
        costs.push_back(solve_pair(x, pair, graph, ground, table));
    std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - start;
    std::FILE *out = std::fopen(argv[6], "w");
    if (!out)
        fail(std::string(argv[6]) + ": cannot write");
    for (double cost : costs)
        std::fprintf(out, "%.17g\n", cost);
    if (std::fclose(out))
        fail(std::string(argv[6]) + ": cannot write");
    std::printf("%.6f\n", seconds.count());
    return 0;
}

package booking

// RankSQL is the rank of a booking b, as pages read it.
var RankSQL = rank

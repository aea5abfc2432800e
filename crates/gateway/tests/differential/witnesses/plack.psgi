# Perl's Plack behind Starman. Strings are bytes; each leaves as one character.
use strict;
use warnings;
use JSON::PP ();
use Plack::Request;

my $json = JSON::PP->new->ascii->allow_nonref;
my $wire = JSON::PP->new->utf8->allow_nonref;

# Lists by name.
sub lists {
    my ($multi) = @_;
    return { map { $_ => [ $multi->get_all($_) ] } $multi->keys };
}

sub {
    my $request = Plack::Request->new(shift);
    my @answer = eval {
        my $uploads = $request->uploads;
        my @files;
        for my $name ($uploads->keys) {
            for my $upload ($uploads->get_all($name)) {
                open my $file, '<:raw', $upload->path or die $!;
                my $content = do { local $/; <$file> };
                push @files, [ $name, $upload->filename, $content // '' ];
            }
        }
        my %headers = map { lc($_) => "" . $request->header($_) } $request->headers->header_field_names;
        my $document = eval { $json->decode($wire->encode($wire->decode($request->content))) };
        ( 200, $json->encode({
            bytes => JSON::PP::true, path => $request->path_info, query => lists($request->query_parameters),
            form => lists($request->body_parameters), values => lists($request->parameters), files => \@files,
            json => $document, cookies => $request->cookies, headers => \%headers,
        }) );
    };
    @answer = ( 400, '{}' ) unless @answer;
    return [ $answer[0], [ 'Content-Type' => 'application/json', 'X-Witness' => 'plack' ], [ $answer[1] ] ];
};

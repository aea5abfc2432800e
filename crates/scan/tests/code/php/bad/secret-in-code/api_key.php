<?php
$apiKey = 'Xw4pR8zN2vK6tQ9mLc1BfJ5y';
